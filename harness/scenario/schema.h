/* SPDX-License-Identifier: Apache-2.0 */
/*
 * schema.h - the scenario language as data.
 *
 * Three const tables: objects (mappings), rows (the keys of each object: type, range, default,
 * help, storage) and members (the one-key steps of each family of lists). Parsing, validation,
 * `help scenario` and the JSON Schema read them and nothing else; a key is added by one row.
 * Rows of an object are typed in the order of the table, whatever the order in the file: a row may
 * rely on what the rows above it stored (ranks before actors, buffers before steps, a point before
 * its fields).
 */
#ifndef CHS_SCHEMA_H
#define CHS_SCHEMA_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

enum chs_type {
    CHS_T_VERSION,   /* no storage */
    CHS_T_MATRIX,    /* no storage here; variants.c reads it */
    CHS_T_BOOL,      /* bool */
    CHS_T_UINT,      /* uint64_t in min..max */
    CHS_T_INT,       /* int64_t */
    CHS_T_SIZE,      /* uint64_t, bytes */
    CHS_T_DURATION,  /* uint64_t, ns */
    CHS_T_STATUS,    /* int in min..max */
    CHS_T_WORD,      /* int; arg: list of words */
    CHS_T_FLAG,      /* bool; arg: list of words whose value is 0 or 1 */
    CHS_T_TEXT_WORD, /* const char *; arg: list of words */
    CHS_T_TEXT,      /* const char *, one line, not empty */
    CHS_T_NAME,      /* const char *, a letter, then letters, digits, _ - . */
    CHS_T_STEM,      /* a name that equals the file's stem */
    CHS_T_ID,        /* a name, unique in the file */
    CHS_T_DEFECT,    /* a name of the known defects */
    CHS_T_NAMES,     /* const char *const *, size_t */
    CHS_T_ARGV,      /* const char *const *, size_t: a program and its arguments */
    CHS_T_SEEDS,     /* const uint64_t *, size_t */
    CHS_T_SIZES,     /* const uint64_t *, size_t */
    CHS_T_RANKS,     /* uint64_t mask: a rank, a list of ranks or all */
    CHS_T_RANK,      /* uint32_t */
    CHS_T_BUFFER,    /* uint32_t, by name */
    CHS_T_BUFFERS,   /* const uint32_t *, size_t */
    CHS_T_STEP_REF,  /* uint32_t: the id of an earlier malloc step */
    CHS_T_COMMAND,   /* uint64_t: a word or a number */
    CHS_T_ACTOR,     /* struct chip_match */
    CHS_T_POINT,     /* struct chip_match */
    CHS_T_CALL,      /* struct chip_match */
    CHS_T_WHERE,     /* struct chip_match */
    CHS_T_ERRNO,     /* struct chs_fault, after its call */
    CHS_T_TIMES,     /* uint64_t: a number or all */
    CHS_T_GLOB,      /* char[CHIP_NAME_LEN] */
    CHS_T_OBJECT,    /* arg: object, typed in place */
    CHS_T_LIST,      /* arg: object; T *, size_t */
    CHS_T_FAMILY,    /* arg: family; T *, size_t */
    CHS_T_COUNT
};

enum chs_object_id {
    CHS_O_ROOT,
    CHS_O_COMM,
    CHS_O_TIMEOUTS,
    CHS_O_DMA,
    CHS_O_BUFFER,
    CHS_O_CONTENT,
    CHS_O_ERROR,
    CHS_O_STEP_PLAIN,
    CHS_O_STEP_TASK,
    CHS_O_STEP_WAIT,
    CHS_O_STEP_CONTROL,
    CHS_O_STEP_CHECK,
    CHS_O_STEP_KILL,
    CHS_O_STEP_SLEEP,
    CHS_O_STEP_NONE_LEFT,
    CHS_O_HOLD,
    CHS_O_UNTIL,
    CHS_O_FAIL,
    CHS_O_FAULT_KILL,
    CHS_O_FAULT_DMA,
    CHS_O_DELAY,
    CHS_O_ORDER,
    CHS_O_SELECTOR,
    CHS_O_MOMENT,
    CHS_O_NEVER,
    CHS_O_REACHED,
    CHS_O_EXPECT_CONTENT,
    CHS_O_EXIT,
    CHS_O_CATCH,
    CHS_O_COUNT
};

enum chs_family_id { CHS_F_STEP, CHS_F_SCRIPT, CHS_F_FAULT, CHS_F_EXPECT, CHS_F_COUNT };

enum {
    CHS_REQUIRED = 1,  /* the key must be there */
    CHS_FIXED = 2,     /* ${name} cannot stand in the value */
    CHS_DEFAULTED = 4, /* an object that is left out has the defaults of its keys */
    CHS_STEPS_ONLY = 8 /* of a scenario of libchip: has no place beside command or library, and is
                          not required there */
};

struct chs_row {
    int parent; /* enum chs_object_id */
    const char *key;
    int type;
    unsigned flags;
    int arg;
    uint64_t min, max; /* of a number, in bytes or ns; of a list, its length */
    size_t offset;     /* in the structure of the parent object */
    const char *def;   /* what a file that leaves it out means, as it would be written; or NULL */
    const char *help;
};

struct chs_object {
    const char *name;  /* in the JSON Schema */
    const char *what;  /* "a hold" */
    const char *title; /* of its part of the help */
    size_t bytes;      /* of the structure it is stored in */
    size_t pos;        /* offset of its struct chs_pos; SIZE_MAX: none */
};

struct chs_family {
    const char *name; /* in the JSON Schema */
    const char *what; /* "a step" */
    size_t bytes;
    size_t pos;  /* offset of struct chs_pos */
    size_t kind; /* offset of int kind; SIZE_MAX: none */
    size_t text; /* offset of const char *text */
};

struct chs_member {
    int family;
    const char *key;
    int kind;
    int object;
    bool bare;             /* may stand without a mapping: "- init" */
    const char *short_key; /* "sleep: 5s" means "sleep: {for: 5s}"; or NULL */
    const char *help;
};

extern const struct chs_object chs__objects[CHS_O_COUNT];
extern const struct chs_family chs__families[CHS_F_COUNT];
extern const struct chs_row chs__rows[];
extern const size_t chs__row_count;
extern const struct chs_member chs__members[];
extern const size_t chs__member_count;

/* What a value of this type looks like: "a size such as 64, 4KiB or 64MiB". */
const char *chs__type_what(int type);

#endif
