/* SPDX-License-Identifier: Apache-2.0 */
/*
 * comm_own.cpp - windows and a barrier for the ranks of a communicator, in one POSIX segment:
 * written from the ABI alone.
 *
 * The barrier counts arrivals; the last rank sets the count back and advances the generation that
 * the others wait for. BROKEN: it advances first. A rank that is released in between arrives at
 * the next barrier, its arrival is set back to nothing, and the ranks wait for ever.
 */
#include "tests/subjects/own/comm_own.hpp"

#include <chip/probe.h>

#include <atomic>
#include <cstring>
#include <new>
#include <string>

#include <fcntl.h>
#include <sched.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

namespace {

struct Shared {
    std::atomic<uint32_t> arrived;
    std::atomic<uint32_t> generation;
    std::atomic<uint32_t> attached;
};

constexpr size_t kHeader = 4096;

/* Looks again and again, ever more rarely. */
class Patience {
  public:
    void wait() {
        if (looks_++ < 8)
            sched_yield();
        else
            usleep(pause_ = pause_ < 100000 ? pause_ * 2 : pause_);
    }

  private:
    int looks_ = 0;
    useconds_t pause_ = 50;
};

class Communicator {
  public:
    Communicator(int rank, int nranks, const char *name)
        : rank_(static_cast<uint32_t>(rank)), nranks_(static_cast<uint32_t>(nranks)),
          name_(std::string("/own-") + name) {}
    ~Communicator() {
        if (shared_)
            munmap(shared_, bytes());
    }
    Communicator(const Communicator &) = delete;
    Communicator &operator=(const Communicator &) = delete;

    bool map_windows(size_t win_size) {
        win_size_ = win_size;
        int fd = rank_ == 0 ? create() : attach();
        if (fd < 0)
            return false;
        void *at = mmap(nullptr, bytes(), PROT_READ | PROT_WRITE, MAP_SHARED, fd, 0);
        close(fd);
        if (at == MAP_FAILED)
            return false;
        shared_ = static_cast<Shared *>(at); /* all zero, which is how it begins */
        shared_->attached.fetch_add(1);
        Patience patience;
        while (shared_->attached.load() < nranks_)
            patience.wait();
        if (rank_ == 0)
            shm_unlink(name_.c_str());
        return true;
    }

    void barrier() {
        const uint32_t mine = shared_->generation.load();
        CHIP_PROBE(BARRIER_ARRIVE, rank_, mine, 0, 0);
        if (shared_->arrived.fetch_add(1) + 1 == nranks_) {
            release();
            return;
        }
        Patience patience;
        while (shared_->generation.load() == mine)
            patience.wait();
        CHIP_PROBE(BARRIER_LEAVE, rank_, mine, 0, 0);
    }

    uint64_t base() const {
        return base(rank_);
    }
    uint64_t base(uint32_t rank) const {
        return reinterpret_cast<uint64_t>(shared_) + kHeader + rank * win_size_;
    }
    uint64_t context() {
        context_ = CommContext{};
        context_.rankId = rank_;
        context_.rankNum = nranks_;
        context_.winSize = win_size_;
        for (uint32_t rank = 0; rank < nranks_; rank++)
            context_.windowsIn[rank] = context_.windowsOut[rank] = base(rank);
        return reinterpret_cast<uint64_t>(&context_);
    }
    size_t win_size() const {
        return win_size_;
    }

  private:
    size_t bytes() const {
        return kHeader + nranks_ * win_size_;
    }

    void release() {
#ifdef BROKEN
        shared_->generation.fetch_add(1);
        CHIP_PROBE(BARRIER_ADVANCE, rank_, 0, 0, 0);
        shared_->arrived.store(0);
#else
        shared_->arrived.store(0);
        CHIP_PROBE(BARRIER_RESET, rank_, 0, 0, 0);
        shared_->generation.fetch_add(1);
#endif
    }

    int create() const {
        int fd = shm_open(name_.c_str(), O_CREAT | O_EXCL | O_RDWR, 0600);
        if (fd >= 0 && ftruncate(fd, static_cast<off_t>(bytes())) != 0) {
            close(fd);
            shm_unlink(name_.c_str());
            return -1;
        }
        return fd;
    }

    int attach() const {
        Patience patience;
        for (;; patience.wait()) {
            int fd = shm_open(name_.c_str(), O_RDWR, 0);
            struct stat st {};
            if (fd < 0)
                continue;
            if (fstat(fd, &st) == 0 && st.st_size >= static_cast<off_t>(bytes()))
                return fd;
            close(fd);
        }
    }

    uint32_t rank_, nranks_;
    std::string name_;
    size_t win_size_ = 0;
    Shared *shared_ = nullptr;
    CommContext context_{};
};

Communicator *of(CommHandle handle) {
    return static_cast<Communicator *>(handle);
}

} // namespace

CommHandle comm_init(int rank, int nranks, void *, const char *rootinfo_path) {
    if (rank < 0 || nranks <= rank || nranks > 64 || !rootinfo_path)
        return nullptr;
    return new (std::nothrow) Communicator(rank, nranks, rootinfo_path);
}

int comm_alloc_windows(CommHandle handle, size_t win_size, uint64_t *device_ctx_out) {
    if (!handle || !of(handle)->map_windows(win_size))
        return -1;
    if (device_ctx_out)
        *device_ctx_out = of(handle)->context();
    return 0;
}

int comm_get_local_window_base(CommHandle handle, uint64_t *base_out) {
    return handle ? (*base_out = of(handle)->base(), 0) : -1;
}

int comm_get_window_size(CommHandle handle, size_t *size_out) {
    return handle ? (*size_out = of(handle)->win_size(), 0) : -1;
}

int comm_barrier(CommHandle handle) {
    return handle ? (of(handle)->barrier(), 0) : -1;
}

int comm_destroy(CommHandle handle) {
    delete of(handle);
    return 0;
}
