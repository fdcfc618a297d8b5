// SPDX-License-Identifier: Apache-2.0
// objects.cc - C++: virtual tables, std::atomic, local statics, exceptions, containers, lambdas.
#include <atomic>
#include <cstdint>
#include <cstdio>
#include <cstring>
#include <map>
#include <memory>
#include <stdexcept>
#include <string>
#include <thread>
#include <vector>

namespace {

struct Shape {
    virtual ~Shape() = default;
    virtual int area() const = 0;
};
struct Square : Shape {
    int side;
    explicit Square(int s) : side(s) {}
    int area() const override {
        return side * side;
    }
};
struct Named : virtual Shape {
    std::string name;
    explicit Named(const char *n) : name(n) {}
    int area() const override {
        return static_cast<int>(name.size());
    }
};

struct Pair {
    std::uint32_t a, b;
    bool operator==(const Pair &o) const {
        return a == o.a && b == o.b;
    }
};

std::map<int, std::string> &table() {
    static std::map<int, std::string> t = [] {
        std::map<int, std::string> made;
        for (int i = 0; i < 5; i++)
            made[i] = std::string(static_cast<std::size_t>(i), 'z');
        return made;
    }();
    return t;
}

int thrower(int n) {
    if (n > 2)
        throw std::runtime_error("three");
    return n;
}

} // namespace

int main() {
    std::vector<std::unique_ptr<Shape>> shapes;
    shapes.emplace_back(new Square(4));
    shapes.emplace_back(new Named("four"));
    int sum = 0;
    for (const auto &s : shapes)
        sum += s->area();

    std::atomic<int> count{0};
    std::atomic<Pair> pair{Pair{1, 2}};
    std::atomic<bool> done{false};
    std::vector<std::thread> threads;
    for (int i = 0; i < 3; i++)
        threads.emplace_back([&] {
            for (int k = 0; k < 100; k++)
                count.fetch_add(1, std::memory_order_acq_rel);
        });
    for (auto &t : threads)
        t.join();
    Pair expected{1, 2};
    bool swapped = pair.compare_exchange_strong(expected, Pair{3, 4});
    done.store(true, std::memory_order_release);

    int caught = 0;
    for (int i = 0; i < 5; i++) {
        try {
            sum += thrower(i);
        } catch (const std::exception &e) {
            caught += static_cast<int>(std::strlen(e.what()));
        }
    }
    std::printf("%d %d %d %d %u %s %d\n", sum, count.load(), swapped, done.load() ? 1 : 0,
                pair.load().b, table()[3].c_str(), caught);
    return 0;
}
