/* SPDX-License-Identifier: Apache-2.0 */
/*
 * load.c - from a file to scenarios: read it, build the tree, expand the matrix, type and check
 * every variant. Errors of all variants are collected; a file with any error gives nothing.
 */
#include "harness/scenario/errors.h"
#include "harness/scenario/type.h"
#include "harness/scenario/variants.h"

#include <ctype.h>
#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

struct chs_file {
    struct chs_arena arena;
    size_t count;
    struct chs_scenario *variants[CHS_MAX_VARIANTS];
};

static const struct chs_pos whole_file = {0, 0};

/* The version decides what the rest means: an unknown one is the only error that is reported. */
static bool check_version(struct chs_sink *sink, struct chs_node *root) {
    const struct chs_node *version = chs__get(root, "chipharness");
    struct chs_diag *diag;

    if (root->kind != CHS_MAP) {
        diag = chs__diag(sink, root->at, root->width, "a scenario cannot be %s",
                         chs__what(&sink->arena, root));
        diag->expected = "a mapping that begins with chipharness: 1";
        return false;
    }
    if (!version) /* reported with the other keys that are missing */
        return true;
    if (version->kind != CHS_SCALAR || strcmp(version->text, "1")) {
        diag = chs__diag(sink, version->at, version->width,
                         "version %s of the scenario language is not known",
                         chs__what(&sink->arena, version));
        diag->expected = "1; a newer version needs a newer chipharness";
        return false;
    }
    if (root->pairs[0].value != version) {
        diag =
            chs__diag(sink, root->pairs[0].key->at, root->pairs[0].key->width,
                      "the first key is '%s'", chs__shown(&sink->arena, root->pairs[0].key->text));
        diag->expected = "chipharness: 1 as the first key";
    }
    return true;
}

/* Numbers the comparisons and the faults of the control block. */
static void number_plan(struct chs_ctx *ctx) {
    struct chs_scenario *s = ctx->s;
    uint32_t fault = 0;

    for (size_t i = 0; i < s->fault_count; i++) {
        if (s->faults[i].kind != CHS_FAULT_DMA)
            s->faults[i].plan_index = fault++;
    }
    s->check_count = 0;
    for (size_t i = 0; i < s->step_count; i++) {
        struct chs_step *step = &s->steps[i];

        if (step->kind == CHS_STEP_CHECK ||
            (step->kind == CHS_STEP_CONTROL && step->command == 3 && step->content.form))
            step->check = (uint32_t)s->check_count++;
    }
    for (size_t i = 0; i < s->expect_count; i++) {
        if (s->expects[i].kind == CHS_EXPECT_CONTENT)
            s->expects[i].check = (uint32_t)s->check_count++;
    }
    if (s->check_count > CHIP_MAX_RESULTS)
        chs__diag(ctx->sink, whole_file, 1, "%zu comparisons; at most %d are possible",
                  s->check_count, CHIP_MAX_RESULTS);
}

static void load_variant(struct chs_file *file, struct chs_sink *sink,
                         const struct chs_options *options, struct chs_node *root,
                         struct chs_matrix *matrix, size_t index) {
    struct chs_scenario *s = chs__arena_alloc(&file->arena, sizeof(*s));
    struct chs_param *params = chs__arena_array(&file->arena, CHS_MAX_PARAMS, sizeof(*params));
    struct chs_ctx ctx = {
        .arena = &file->arena, .sink = sink, .options = options, .s = s, .variant_index = index};
    struct chs_node *tree;

    file->variants[file->count++] = s;
    s->file = chs__arena_copy(&file->arena, sink->file, strlen(sink->file));
    s->variant = chs__matrix_name(&file->arena, matrix, index, params);
    s->params = params;
    s->param_count = matrix->params;
    if (matrix->params)
        ctx.variant = s->variant;
    sink->variant = index;
    tree = chs__matrix_apply(&file->arena, sink, root, matrix, index);
    chs__type_object(&ctx, tree, CHS_O_ROOT, s);
    if (sink->count)
        return;
    number_plan(&ctx);
    chs__describe(&ctx);
}

static void load_tree(struct chs_file *file, struct chs_sink *sink,
                      const struct chs_options *options) {
    struct chs_node *root = chs__read(&file->arena, sink, sink->bytes, sink->length);
    struct chs_matrix matrix;

    if (!root || !check_version(sink, root))
        return;
    chs__matrix_read(sink, root, &matrix);
    for (size_t i = 0; i < matrix.variants; i++)
        load_variant(file, sink, options, root, &matrix, i);
    chs__matrix_check_used(sink, &matrix);
}

static int load_sink(struct chs_sink *sink, const struct chs_options *options,
                     struct chs_file **out) {
    struct chs_file *file = calloc(1, sizeof(*file));

    if (!file)
        chs__die("out of memory");
    load_tree(file, sink, options);
    if (sink->count) {
        chs_free(file);
        return -1;
    }
    *out = file;
    return 0;
}

int chs_load_bytes(const void *bytes, size_t length, const char *display_name,
                   const struct chs_options *options, struct chs_file **out,
                   struct chs_errors *errs) {
    struct chs_sink *sink = chs__sink_open(errs, display_name);

    *out = NULL;
    if (length > CHS_MAX_FILE) {
        chs__diag(sink, whole_file, 1, "the file is larger than a scenario may be (1 MiB)");
        return -1;
    }
    chs__sink_source(sink, bytes, length);
    return load_sink(sink, options, out);
}

/* Reads up to `room` bytes from offset 0; -1 with errno. */
static ssize_t read_all(int fd, char *bytes, size_t room) {
    size_t used = 0;

    while (used < room) {
        ssize_t got = pread(fd, bytes + used, room - used, (off_t)used);

        if (got < 0 && errno == EINTR)
            continue;
        if (got < 0)
            return -1;
        if (got == 0)
            break;
        used += (size_t)got;
    }
    return (ssize_t)used;
}

static void file_error(struct chs_errors *errs, const char *name, const char *text) {
    chs__diag(chs__sink_open(errs, name), whole_file, 1, "%s", text);
}

int chs_load_fd(int fd, const char *display_name, const struct chs_options *options,
                struct chs_file **out, struct chs_errors *errs) {
    struct stat st;
    ssize_t length;
    char *bytes;
    int result;

    *out = NULL;
    if (fstat(fd, &st)) {
        file_error(errs, display_name, strerror(errno));
        return -1;
    }
    if (!S_ISREG(st.st_mode)) {
        file_error(errs, display_name,
                   S_ISDIR(st.st_mode) ? "is a directory, not a scenario"
                                       : "is not a regular file");
        return -1;
    }
    bytes = malloc(CHS_MAX_FILE + 1);
    if (!bytes)
        chs__die("out of memory");
    length = read_all(fd, bytes, CHS_MAX_FILE + 1);
    if (length < 0) {
        file_error(errs, display_name, strerror(errno));
        result = -1;
    } else {
        result = chs_load_bytes(bytes, (size_t)length, display_name, options, out, errs);
    }
    free(bytes);
    return result;
}

int chs_load(const char *path, const struct chs_options *options, struct chs_file **out,
             struct chs_errors *errs) {
    /* without O_NONBLOCK the opening of a pipe would wait for its writer */
    int fd = open(path, O_RDONLY | O_CLOEXEC | O_NONBLOCK);
    int result;

    *out = NULL;
    if (fd < 0) {
        file_error(errs, path, errno == ENOENT ? "there is no such file" : strerror(errno));
        return -1;
    }
    result = chs_load_fd(fd, path, options, out, errs);
    close(fd);
    return result;
}

/* A name as the language wants it: what does not fit becomes '_'. */
static void name_of(const char *program, char *name, size_t size) {
    const char *slash = strrchr(program, '/');
    size_t n = 0;

    program = slash ? slash + 1 : program;
    if (!isalpha((unsigned char)*program))
        name[n++] = 'x';
    for (; *program && n + 1 < size; program++)
        name[n++] =
            (char)(isalnum((unsigned char)*program) || strchr("_-.", *program) ? *program : '_');
    name[n] = 0;
}

int chs_load_command(const char *const *argv, size_t argc, const char *time_limit,
                     struct chs_file **out, struct chs_errors *errs) {
    char text[512], name[48], display[64];
    struct chs_scenario *s;
    const char **words;
    int length, r;

    *out = NULL;
    name_of(argv[0], name, sizeof(name));
    snprintf(display, sizeof(display), "%s.yaml", name);
    /* The words of the command are no YAML, and no matrix parameter stands in them. */
    length = snprintf(text, sizeof(text),
                      "chipharness: 1\nname: %s\nabout: a command\nranks: %d\n"
                      "%s%.64s\ncommand: [it]\n",
                      name, CHS_MAX_RANKS, time_limit ? "time_limit: " : "",
                      time_limit ? time_limit : "");
    r = chs_load_bytes(text, (size_t)length, display, NULL, out, errs);
    if (r)
        return r;
    s = (*out)->variants[0];
    words = chs__arena_array(&(*out)->arena, argc, sizeof(*words));
    for (size_t i = 0; i < argc; i++)
        words[i] = chs__arena_copy(&(*out)->arena, argv[i], strlen(argv[i]));
    s->command = words;
    s->command_count = argc;
    return 0;
}

void chs_free(struct chs_file *file) {
    if (!file)
        return;
    chs__arena_free(&file->arena);
    free(file);
}

size_t chs_variant_count(const struct chs_file *file) {
    return file->count;
}

const struct chs_scenario *chs_variant(const struct chs_file *file, size_t index) {
    return index < file->count ? file->variants[index] : NULL;
}
