/* SPDX-License-Identifier: Apache-2.0 */
/*
 * chsched_read.c - reading a replay file, which a person may have edited. The format: chsched.h.
 *
 * Nothing is guessed: an unknown version, key, name or number, a key twice, a choice too many or
 * too few stops the reader with file:line:column, the line, a caret, and the nearest word.
 */
#include "reports/chsched.h"

#include "reports/internal.h"

#include <errno.h>
#include <fcntl.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

enum { FILE_MAX = 64 << 20, SHOWN_MAX = 96 };

struct reader {
    const char *name; /* of the file, for messages */
    const char *next; /* first byte that no line has taken */
    const char *end;
    const char *line; /* the current line, without its end */
    size_t len;
    unsigned number; /* of the current line, from 1 */
    struct chr_schedule *s;
    struct chip_error *err;
    bool has_seed, has_log;
};

/* A part of the current line. */
struct span {
    const char *at;
    size_t len;
};

/* ---- messages ---- */

/* The current line as it can be shown: what is not printable becomes '?'. Returns the columns in
 * front of byte `upto`. */
static size_t shown_line(const struct reader *r, size_t upto, char *buf, size_t size) {
    size_t n = 0, before = 0, step;
    for (size_t i = 0; i < r->len && i < SHOWN_MAX; i += step) {
        uint32_t cp = chr__utf8_next(r->line + i, r->len - i, &step);
        if (i < upto)
            before++;
        if (cp < 0x20 || cp == 0x7f || cp == 0xfffd)
            n = chr__append(buf, size, n, "?");
        else
            n = chr__append(buf, size, n, "%.*s", (int)step, r->line + i);
    }
    return upto > SHOWN_MAX ? SHOWN_MAX : before;
}

/* Says what is wrong at `at` (a place in the current line). near: a word to suggest, or NULL. */
static int wrong(struct reader *r, const char *at, const char *near, const char *fmt, ...)
    __attribute__((format(printf, 4, 5)));

static int wrong(struct reader *r, const char *at, const char *near, const char *fmt, ...) {
    char what[CHR_TEXT_LEN], line[4 * SHOWN_MAX + 1] = "";
    va_list ap;
    va_start(ap, fmt);
    vsnprintf(what, sizeof what, fmt, ap);
    va_end(ap);
    size_t col = (size_t)(at - r->line), before = shown_line(r, col, line, sizeof line);
    return chr__fail(r->err, CHIP_E_VALUE, "%s:%u:%zu: error: %s\n%5u | %s\n      | %*s^%s%s%s",
                     r->name, r->number, col + 1, what, r->number, line, (int)before, "",
                     near ? " did you mean '" : "", near ? near : "", near ? "'?" : "");
}

static int no_memory(struct reader *r) {
    return chr__fail(r->err, CHIP_E_MEMORY, "no memory to read %s", r->name);
}

/* ---- lines and parts ---- */

/* The next line that says something; false at the end (the current line is then empty). */
static bool next_line(struct reader *r) {
    while (r->next < r->end) {
        const char *newline = memchr(r->next, '\n', (size_t)(r->end - r->next));
        r->line = r->next;
        r->len = (size_t)((newline ? newline : r->end) - r->line);
        r->next = newline ? newline + 1 : r->end;
        r->number++;
        if (r->len > 0 && r->line[r->len - 1] == '\r')
            r->len--;
        if (r->len > 0 && r->line[0] != '#')
            return true;
    }
    r->line = r->end;
    r->len = 0;
    r->number++;
    return false;
}

static struct span rest_of(const struct reader *r, const char *from) {
    return (struct span){from, (size_t)(r->line + r->len - from)};
}

static bool is(struct span p, const char *word) {
    return p.len == strlen(word) && memcmp(p.at, word, p.len) == 0;
}

/* A copy for messages and comparisons, cut to CHR_LABEL_LEN. */
static const char *word_of(struct span p, char buf[CHR_LABEL_LEN]) {
    size_t n = p.len < CHR_LABEL_LEN ? p.len : CHR_LABEL_LEN - 1;
    for (size_t i = 0; i < n; i++)
        buf[i] = (unsigned char)p.at[i] < 0x20 ? '?' : p.at[i];
    buf[n] = 0;
    return buf;
}

static int number(struct reader *r, struct span p, uint64_t most, uint64_t *value) {
    char word[CHR_LABEL_LEN];
    *value = 0;
    for (size_t i = 0; i < p.len; i++) {
        if (p.at[i] < '0' || p.at[i] > '9')
            return wrong(r, p.at + i, NULL, "expected a number, found '%s'", word_of(p, word));
        unsigned digit = (unsigned)(p.at[i] - '0');
        if (*value > (most - digit) / 10 || digit > most)
            return wrong(r, p.at, NULL, "%s is too big, %llu is the most", word_of(p, word),
                         (unsigned long long)most);
        *value = *value * 10 + digit;
    }
    return p.len ? CHIP_OK : wrong(r, p.at, NULL, "expected a number");
}

static int hex_digit(char c) {
    if (c >= '0' && c <= '9')
        return c - '0';
    return c >= 'a' && c <= 'f' ? c - 'a' + 10 : -1;
}

/* Undoes the escapes of a value. */
static int text(struct reader *r, struct span p, char **out) {
    char *copy = malloc(p.len + 1);
    size_t n = 0, i = 0;
    if (!copy)
        return no_memory(r);
    while (i < p.len) {
        const char *at = p.at + i;
        if ((unsigned char)*at < 0x20 || *at == 0x7f) {
            free(copy);
            return wrong(r, at, NULL, "a control character; write it as \\x%02x",
                         (unsigned char)*at);
        }
        size_t left = p.len - i;
        if (*at != '\\') {
            copy[n++] = *at;
            i += 1;
        } else if (left >= 2 && (at[1] == '\\' || at[1] == 'n')) {
            copy[n++] = at[1] == 'n' ? '\n' : '\\';
            i += 2;
        } else if (left >= 4 && at[1] == 'x' && hex_digit(at[2]) >= 0 && hex_digit(at[3]) >= 0 &&
                   hex_digit(at[2]) + hex_digit(at[3]) > 0) {
            copy[n++] = (char)(hex_digit(at[2]) << 4 | hex_digit(at[3]));
            i += 4;
        } else {
            free(copy);
            return wrong(r, at, NULL, "expected \\\\, \\n or \\x and two digits of 0-9a-f");
        }
    }
    copy[n] = 0;
    *out = copy;
    return CHIP_OK;
}

/* ---- keys ---- */

static int text_once(struct reader *r, struct span key, struct span value, char **slot) {
    char word[CHR_LABEL_LEN];
    if (*slot)
        return wrong(r, key.at, NULL, "%s: stands here for the second time", word_of(key, word));
    return text(r, value, slot);
}

static int read_param(struct reader *r, struct span value) {
    struct chr_schedule *s = r->s;
    const char *equals = memchr(value.at, '=', value.len);
    if (!equals || equals == value.at)
        return wrong(r, value.at, NULL, "expected NAME=VALUE");
    struct chr_param *more = realloc(s->params, (s->param_count + 1) * sizeof *more);
    if (!more)
        return no_memory(r);
    s->params = more;
    char *name = NULL, *content = NULL;
    int rc = text(r, (struct span){value.at, (size_t)(equals - value.at)}, &name);
    for (size_t i = 0; rc == CHIP_OK && i < s->param_count; i++)
        if (strcmp(s->params[i].name, name) == 0)
            rc = wrong(r, value.at, NULL, "the parameter stands here for the second time");
    if (rc == CHIP_OK)
        rc = text(r, rest_of(r, equals + 1), &content);
    if (rc != CHIP_OK) {
        free(name);
        return rc;
    }
    s->params[s->param_count++] = (struct chr_param){name, content};
    return CHIP_OK;
}

static int read_command(struct reader *r, struct span value) {
    struct chr_schedule *s = r->s;
    char **more = realloc(s->command, (s->command_count + 1) * sizeof *more);
    if (!more)
        return no_memory(r);
    s->command = more;
    int rc = text(r, value, &s->command[s->command_count]);
    if (rc == CHIP_OK)
        s->command_count++;
    return rc;
}

static int read_time_limit(struct reader *r, struct span key, struct span value) {
    if (r->s->time_limit_ns)
        return wrong(r, key.at, NULL, "time_limit: stands here for the second time");
    int rc = number(r, value, UINT64_MAX, &r->s->time_limit_ns);
    if (rc == CHIP_OK && !r->s->time_limit_ns)
        rc = wrong(r, value.at, NULL, "expected a number of ns, 1 or more");
    return rc;
}

/* A key that can say one word only. */
static int read_flag(struct reader *r, struct span key, struct span value, const char *name,
                     const char *word, bool *flag) {
    if (*flag)
        return wrong(r, key.at, NULL, "%s: stands here for the second time", name);
    if (!is(value, word))
        return wrong(r, value.at, word, "expected '%s'", word);
    *flag = true;
    return CHIP_OK;
}

static int read_seed(struct reader *r, struct span key, struct span value) {
    if (r->has_seed)
        return wrong(r, key.at, NULL, "seed: stands here for the second time");
    r->has_seed = true;
    return number(r, value, UINT64_MAX, &r->s->seed);
}

static int read_log(struct reader *r, struct span key, struct span value) {
    if (r->has_log)
        return wrong(r, key.at, NULL, "log: stands here for the second time");
    if (value.len != 16)
        return wrong(r, value.at, NULL, "expected 16 digits of 0-9a-f");
    for (size_t i = 0; i < value.len; i++) {
        if (hex_digit(value.at[i]) < 0)
            return wrong(r, value.at + i, NULL, "expected 16 digits of 0-9a-f");
        r->s->log_hash = r->s->log_hash << 4 | (uint64_t)hex_digit(value.at[i]);
    }
    r->has_log = true;
    return CHIP_OK;
}

/* Names as labels are made: they stand between other words of a line, so not every byte will do. */
static bool is_label(struct span p) {
    for (size_t i = 0; i < p.len; i++) {
        char c = p.at[i];
        bool alnum = (c >= '0' && c <= '9') || (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z');
        if (!alnum && (c == 0 || !strchr(" ()#_.", c)))
            return false;
    }
    return p.len > 0 && p.len < CHR_LABEL_LEN && p.at[0] != ' ' && p.at[p.len - 1] != ' ' &&
           !is(p, CHR_SCHED_NOBODY);
}

static int read_actor(struct reader *r, struct span value) {
    struct chr_schedule *s = r->s;
    const char *space = memchr(value.at, ' ', value.len);
    struct span index = {value.at, space ? (size_t)(space - value.at) : value.len};
    uint64_t n;
    int rc = number(r, index, CHIP_MAX_ACTORS - 1, &n);
    if (rc != CHIP_OK)
        return rc;
    if (n != s->actor_count)
        return wrong(r, value.at, NULL, "expected actor %zu: they are numbered without a gap",
                     s->actor_count);
    struct span label = rest_of(r, space ? space + 1 : value.at + value.len);
    if (!is_label(label))
        return wrong(r, label.at, NULL, "expected the name of an actor, as 'parent' or 'rank 0'");
    for (size_t i = 0; i < s->actor_count; i++)
        if (is(label, s->actors[i]))
            return wrong(r, label.at, NULL, "actor %zu has this name already", i);
    char **more = realloc(s->actors, (s->actor_count + 1) * sizeof *more);
    if (!more)
        return no_memory(r);
    s->actors = more;
    rc = text(r, label, &s->actors[s->actor_count]);
    if (rc == CHIP_OK)
        s->actor_count++;
    return rc;
}

static int unknown_key(struct reader *r, struct span key) {
    static const char *const keys[] = {"scenario", "command", "time_limit", "name",    "param",
                                       "defect",   "seed",    "build",      "verdict", "log",
                                       "actor",    "choices", "script",     "accesses"};
    char word[CHR_LABEL_LEN];
    const char *near = NULL;
    unsigned distance = 3;
    word_of(key, word);
    for (size_t i = 0; i < sizeof keys / sizeof keys[0]; i++)
        chr__nearer(word, keys[i], &near, &distance);
    return wrong(r, key.at, near, "unknown key '%s'", word);
}

/* One line of the head; *choices is set by the last one. */
static int read_key(struct reader *r, uint64_t *choices) {
    struct chr_schedule *s = r->s;
    const char *colon = memchr(r->line, ':', r->len);
    if (!colon)
        return wrong(r, r->line, NULL, "expected KEY: VALUE");
    struct span key = {r->line, (size_t)(colon - r->line)};
    struct span value = rest_of(r, colon + 1);
    if (value.len == 0 || value.at[0] != ' ')
        return wrong(r, value.at, NULL, "expected a space and a value");
    value = rest_of(r, value.at + 1);
    if (is(key, "scenario"))
        return text_once(r, key, value, &s->scenario_path);
    if (is(key, "name"))
        return text_once(r, key, value, &s->scenario);
    if (is(key, "param"))
        return read_param(r, value);
    if (is(key, "command"))
        return read_command(r, value);
    if (is(key, "time_limit"))
        return read_time_limit(r, key, value);
    if (is(key, "defect"))
        return text_once(r, key, value, &s->defect);
    if (is(key, "script"))
        return read_flag(r, key, value, "script", "ignored", &r->s->no_script);
    if (is(key, "accesses"))
        return read_flag(r, key, value, "accesses", "visible", &r->s->accesses);
    if (is(key, "seed"))
        return read_seed(r, key, value);
    if (is(key, "build"))
        return text_once(r, key, value, &s->build_id);
    if (is(key, "verdict"))
        return text_once(r, key, value, &s->verdict);
    if (is(key, "log"))
        return read_log(r, key, value);
    if (is(key, "actor"))
        return read_actor(r, value);
    if (is(key, "choices"))
        return number(r, value, CHIP_MAX_CHOICES, choices);
    return unknown_key(r, key);
}

static int check_head(struct reader *r) {
    const struct chr_schedule *s = r->s;
    if (s->scenario_path && (s->command_count || s->time_limit_ns))
        return wrong(r, r->line, NULL,
                     "above this line stand both a scenario and a command or its time limit");
    const char *missing = !s->scenario_path && !s->command_count ? "scenario"
                          : !s->scenario                         ? "name"
                          : !r->has_seed                         ? "seed"
                          : !s->build_id                         ? "build"
                          : !s->verdict                          ? "verdict"
                          : !r->has_log                          ? "log"
                                                                 : NULL;
    if (missing)
        return wrong(r, r->line, NULL, "the key '%s' is missing above this line", missing);
    return CHIP_OK;
}

/* ---- choices ---- */

static int read_actor_word(struct reader *r, struct span p, uint16_t *actor) {
    const struct chr_schedule *s = r->s;
    char word[CHR_LABEL_LEN];
    const char *near = NULL;
    unsigned distance = 3;
    *actor = CHR_SCHED_NO_ACTOR;
    if (is(p, CHR_SCHED_NOBODY))
        return CHIP_OK;
    word_of(p, word);
    for (size_t i = 0; i < s->actor_count; i++) {
        if (is(p, s->actors[i])) {
            *actor = (uint16_t)i;
            return CHIP_OK;
        }
        chr__nearer(word, s->actors[i], &near, &distance);
    }
    return wrong(r, p.at, near, "no actor is called '%s'", word);
}

static int read_name(struct reader *r, struct span p, bool call, struct chip_choice *c) {
    char word[CHR_LABEL_LEN];
    const char *near = NULL, *name;
    unsigned distance = 3;
    word_of(p, word);
    c->point_kind = call ? CHIP_KIND_CALL : CHIP_KIND_PROBE;
    for (uint32_t i = 0; (name = call ? chr_call_name(i) : chr_point_name(i)); i++) {
        if (is(p, name)) {
            c->point = (uint16_t)i;
            return CHIP_OK;
        }
        chr__nearer(word, name, &near, &distance);
    }
    return wrong(r, p.at, near, "no %s is called '%s'", call ? "call" : "point", word);
}

static bool cut(struct span *p, const char *prefix) {
    size_t n = strlen(prefix);
    if (p->len < n || memcmp(p->at, prefix, n) != 0)
        return false;
    p->at += n;
    p->len -= n;
    return true;
}

static int read_point(struct reader *r, struct span p, struct chip_choice *c) {
    uint64_t kind = CHIP_KIND_ACCESS, point = 0;
    if (cut(&p, "call:"))
        return read_name(r, p, true, c);
    if (cut(&p, "raw:")) {
        const char *colon = memchr(p.at, ':', p.len);
        if (!colon)
            return wrong(r, p.at, NULL, "expected raw:KIND:NUMBER");
        int rc = number(r, (struct span){p.at, (size_t)(colon - p.at)}, UINT16_MAX, &kind);
        if (rc != CHIP_OK)
            return rc;
        p = (struct span){colon + 1, (size_t)(p.at + p.len - colon - 1)};
    } else if (!cut(&p, "access:")) {
        return read_name(r, p, false, c);
    }
    int rc = number(r, p, UINT16_MAX, &point);
    c->point_kind = (uint16_t)kind;
    c->point = (uint16_t)point;
    return rc;
}

/* "POINT[K]": the point and how many choices this actor made there before. */
static int read_place(struct reader *r, struct span p, struct chr__tally *tally,
                      struct chip_choice *c) {
    const char *open = memrchr(p.at, '[', p.len);
    uint64_t given;
    if (!open || p.at[p.len - 1] != ']')
        return wrong(r, p.at, NULL, "expected POINT[NUMBER]");
    int rc = read_point(r, (struct span){p.at, (size_t)(open - p.at)}, c);
    if (rc != CHIP_OK)
        return rc;
    struct span digits = {open + 1, (size_t)(p.at + p.len - open) - 2};
    rc = number(r, digits, CHIP_MAX_CHOICES, &given);
    if (rc != CHIP_OK)
        return rc;
    size_t counted = chr__tally_next(tally, c);
    if (counted == SIZE_MAX)
        return no_memory(r);
    if (counted != given)
        return wrong(r, open, NULL, "expected [%zu]: a line is missing or stands here twice",
                     counted);
    return CHIP_OK;
}

/* "STEP ACTOR POINT[K] -> ACTOR" */
static int read_choice(struct reader *r, struct chr__tally *tally, struct chip_choice *c) {
    static const char arrow[] = " -> ";
    const char *to = memmem(r->line, r->len, arrow, strlen(arrow));
    if (!to)
        return wrong(r, r->line, NULL, "expected STEP ACTOR POINT[NUMBER] -> ACTOR");
    struct span left = {r->line, (size_t)(to - r->line)};
    const char *first = memchr(left.at, ' ', left.len), *last = memrchr(left.at, ' ', left.len);
    if (!first || first == last || last + 1 == to)
        return wrong(r, r->line, NULL, "expected STEP ACTOR POINT[NUMBER] -> ACTOR");
    int rc = number(r, (struct span){left.at, (size_t)(first - left.at)}, UINT64_MAX, &c->step);
    if (rc == CHIP_OK)
        rc = read_actor_word(r, (struct span){first + 1, (size_t)(last - first - 1)}, &c->from);
    if (rc == CHIP_OK)
        rc = read_place(r, (struct span){last + 1, (size_t)(to - last - 1)}, tally, c);
    if (rc == CHIP_OK)
        rc = read_actor_word(r, rest_of(r, to + strlen(arrow)), &c->to);
    return rc;
}

static int read_choices(struct reader *r, size_t count) {
    struct chr_schedule *s = r->s;
    struct chr__tally *tally = chr__tally_new();
    s->choices = calloc(count + 1, sizeof *s->choices);
    int rc = tally && s->choices ? CHIP_OK : no_memory(r);
    while (rc == CHIP_OK && next_line(r)) {
        if (s->choice_count == count) {
            rc = wrong(r, r->line, NULL, "one line too many: %zu choices were announced", count);
            break;
        }
        struct chip_choice *c = &s->choices[s->choice_count];
        rc = read_choice(r, tally, c);
        if (rc == CHIP_OK && s->choice_count > 0 && c->step < c[-1].step)
            rc = wrong(r, r->line, NULL, "the step before was %llu: steps never go back",
                       (unsigned long long)c[-1].step);
        s->choice_count++;
    }
    if (rc == CHIP_OK && s->choice_count < count)
        rc = wrong(r, r->line, NULL, "the file ends after %zu of %zu choices", s->choice_count,
                   count);
    chr__tally_free(tally);
    return rc;
}

/* ---- the file ---- */

static int read_magic(struct reader *r) {
    char word[CHR_LABEL_LEN];
    size_t n = strlen(CHR_SCHED_MAGIC);
    bool some = next_line(r);
    if (!some || r->number != 1 || r->len < n + 2 || memcmp(r->line, CHR_SCHED_MAGIC, n) != 0 ||
        r->line[n] != ' ')
        return wrong(r, r->line, NULL, "the first line must be '%s %d'", CHR_SCHED_MAGIC,
                     CHR_SCHED_VERSION);
    struct span version = rest_of(r, r->line + n + 1);
    if (!is(version, "1"))
        return wrong(r, version.at, NULL, "version %s of the format; this chipharness reads %d",
                     word_of(version, word), CHR_SCHED_VERSION);
    return CHIP_OK;
}

static int read_all(struct reader *r) {
    uint64_t choices = UINT64_MAX;
    int rc = read_magic(r);
    while (rc == CHIP_OK && choices == UINT64_MAX) {
        if (!next_line(r))
            return wrong(r, r->line, NULL, "the file ends before 'choices:'");
        rc = read_key(r, &choices);
    }
    if (rc == CHIP_OK)
        rc = check_head(r);
    if (rc == CHIP_OK)
        rc = read_choices(r, (size_t)choices);
    return rc;
}

int chr_schedule_parse(const char *text_of_file, size_t len, const char *name,
                       struct chr_schedule **out, struct chip_error *err) {
    struct reader r = {.name = name,
                       .next = text_of_file,
                       .line = text_of_file,
                       .end = text_of_file + len,
                       .err = err};
    *out = NULL;
    r.s = calloc(1, sizeof *r.s);
    if (!r.s)
        return no_memory(&r);
    int rc = read_all(&r);
    if (rc == CHIP_OK)
        *out = r.s;
    else
        chr_schedule_free(r.s);
    return rc;
}

/* Reads fd to its end; the caller frees *text_of_file. */
static int read_file(int fd, const char *path, char **text_of_file, size_t *len,
                     struct chip_error *err) {
    struct stat st;
    if (fstat(fd, &st) != 0)
        return chr__fail(err, CHIP_E_OS, "cannot read %s: %s", path, strerror(errno));
    if (!S_ISREG(st.st_mode))
        return chr__fail(err, CHIP_E_VALUE, "%s is not a file", path);
    if (st.st_size > FILE_MAX)
        return chr__fail(err, CHIP_E_VALUE, "%s is no replay file: it has more than 64 MiB", path);
    char *buf = malloc((size_t)st.st_size + 1);
    if (!buf)
        return chr__fail(err, CHIP_E_MEMORY, "no memory to read %s", path);
    size_t used = 0;
    ssize_t n;
    while (used < (size_t)st.st_size &&
           (n = read(fd, buf + used, (size_t)st.st_size - used)) != 0) {
        if (n < 0 && errno != EINTR) {
            free(buf);
            return chr__fail(err, CHIP_E_OS, "cannot read %s: %s", path, strerror(errno));
        }
        used += n > 0 ? (size_t)n : 0;
    }
    *text_of_file = buf;
    *len = used;
    return CHIP_OK;
}

int chr_schedule_load(const char *path, struct chr_schedule **out, struct chip_error *err) {
    char *text_of_file = NULL;
    size_t len = 0;
    *out = NULL;
    /* Non-blocking, so that a fifo is refused and not waited for. */
    int fd = open(path, O_RDONLY | O_CLOEXEC | O_NONBLOCK);
    if (fd < 0)
        return chr__fail(err, CHIP_E_OS, "cannot read %s: %s", path, strerror(errno));
    int rc = read_file(fd, path, &text_of_file, &len, err);
    close(fd);
    if (rc == CHIP_OK)
        rc = chr_schedule_parse(text_of_file, len, path, out, err);
    free(text_of_file);
    return rc;
}
