/* SPDX-License-Identifier: Apache-2.0 */
/*
 * test_scenario_schema.c - the tables of the language, and what is made of them: the JSON Schema is
 * JSON and refers to nothing that is not there; help and schema know every key; no key or word is
 * one that other YAML readers take for a truth value; the errno tables agree.
 */
#include "harness/scenario/scenario.h"
#include "harness/scenario/schema.h"
#include "harness/scenario/words.h"

#include <ctype.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

enum { TEXT_MAX = 1 << 20 };

/* What a function prints; the caller's to free. */
static char *text_of(void (*print)(FILE *)) {
    char *text = calloc(1, TEXT_MAX);
    FILE *out;

    assert_non_null(text);
    out = fmemopen(text, TEXT_MAX - 1, "w");
    assert_non_null(out);
    print(out);
    assert_int_equal(fclose(out), 0);
    return text;
}

/* A reader of JSON that knows nothing but the grammar: the place behind a value, or NULL. */
static const char *json_value(const char *p);

static const char *json_space(const char *p) {
    return p + strspn(p, " \n\t\r");
}

static const char *json_string(const char *p) {
    if (*p++ != '"')
        return NULL;
    for (; *p && *p != '"'; p++) {
        if ((unsigned char)*p < 0x20)
            return NULL;
        if (*p == '\\' && !strchr("\"\\/bfnrtu", *++p))
            return NULL;
    }
    return *p ? p + 1 : NULL;
}

static const char *json_members(const char *p, char close, bool keys) {
    p = json_space(p);
    if (*p == close)
        return p + 1;
    for (;;) {
        if (keys) {
            p = json_string(json_space(p));
            p = p ? json_space(p) : NULL;
            if (!p || *p++ != ':')
                return NULL;
        }
        p = json_value(p);
        if (!p)
            return NULL;
        p = json_space(p);
        if (*p == close)
            return p + 1;
        if (*p++ != ',')
            return NULL;
    }
}

static const char *json_value(const char *p) {
    static const char *const words[] = {"true", "false", "null"};

    p = json_space(p);
    if (*p == '{')
        return json_members(p + 1, '}', true);
    if (*p == '[')
        return json_members(p + 1, ']', false);
    if (*p == '"')
        return json_string(p);
    for (int i = 0; i < 3; i++) {
        if (!strncmp(p, words[i], strlen(words[i])))
            return p + strlen(words[i]);
    }
    p += *p == '-';
    return isdigit((unsigned char)*p) ? p + strspn(p, "0123456789.eE+-") : NULL;
}

static void the_schema_is_json(void **state) {
    char *text = text_of(chs_schema_json);
    const char *end = json_value(text);

    (void)state;
    assert_non_null(end);
    assert_string_equal(end, "\n");
    assert_null(strstr(text, "(null)"));
    assert_non_null(strstr(text, "https://json-schema.org/draft/2020-12/schema"));
    free(text);
}

static void every_reference_of_the_schema_is_defined_once(void **state) {
    static const char before[] = "\"$ref\":\"#/$defs/";
    char *text = text_of(chs_schema_json);
    unsigned count = 0;

    (void)state;
    for (const char *p = strstr(text, before); p; p = strstr(p + 1, before)) {
        char definition[80];
        const char *name = p + strlen(before), *found;
        int length = (int)strcspn(name, "\"");

        snprintf(definition, sizeof(definition), "\n\"%.*s\":{", length, name);
        found = strstr(text, definition);
        if (!found)
            fail_msg("%.*s is not defined", length, name);
        assert_null(strstr(found + 1, definition));
        count++;
    }
    assert_true(count > 100);
    free(text);
}

static void schema_and_help_know_every_key(void **state) {
    char *schema = text_of(chs_schema_json), *help = text_of(chs_help);

    (void)state;
    for (size_t i = 0; i < chs__row_count; i++) {
        char key[80];

        snprintf(key, sizeof(key), "\"%s\":{\"description\"", chs__rows[i].key);
        assert_non_null(strstr(schema, key));
        snprintf(key, sizeof(key), "\n  %s ", chs__rows[i].key);
        assert_non_null(strstr(help, key));
        assert_true(*chs__rows[i].help);
    }
    for (size_t i = 0; i < chs__member_count; i++) {
        char key[80];

        snprintf(key, sizeof(key), "\"%s\":{\"description\"", chs__members[i].key);
        assert_non_null(strstr(schema, key));
    }
    free(schema);
    free(help);
}

static void help_fits_a_terminal(void **state) {
    char *help = text_of(chs_help);

    (void)state;
    for (const char *p = help; *p; p += strcspn(p, "\n") + 1) {
        size_t length = strcspn(p, "\n");

        assert_true(length <= 100);
        assert_true(length == 0 || p[length - 1] != ' ');
    }
    free(help);
}

static void assert_no_truth_value(const char *word) {
    static const char *const taken[] = {"on", "off", "yes", "no", "y", "n"};

    for (size_t i = 0; i < sizeof(taken) / sizeof(taken[0]); i++) {
        if (word && !strcasecmp(word, taken[i]))
            fail_msg("'%s' is a truth value to some readers of YAML", word);
    }
}

static void no_key_or_word_is_a_truth_value_elsewhere(void **state) {
    (void)state;
    for (size_t i = 0; i < chs__row_count; i++)
        assert_no_truth_value(chs__rows[i].key);
    for (size_t i = 0; i < chs__member_count; i++)
        assert_no_truth_value(chs__members[i].key);
    for (int id = 0; id < CHS_W_COUNT; id++) {
        const struct chs_words *words = chs__words(id);

        for (size_t i = 0; i < words->count; i++)
            assert_no_truth_value(words->list[i].word);
    }
}

static void keys_of_an_object_differ(void **state) {
    (void)state;
    for (size_t i = 0; i < chs__row_count; i++) {
        for (size_t j = i + 1; j < chs__row_count; j++)
            assert_true(chs__rows[i].parent != chs__rows[j].parent ||
                        strcmp(chs__rows[i].key, chs__rows[j].key));
    }
}

static void every_errno_of_a_call_has_a_name(void **state) {
    size_t with_errnos = 0, count;

    (void)state;
    for (uint32_t call = 0; call < CHIP_CALL_COUNT; call++) {
        const int *errnos = chs__call_errnos(call, &count);

        with_errnos += count > 0;
        for (size_t i = 0; i < count; i++) {
            assert_string_not_equal(chs_errno_name(errnos[i]), "?");
            for (size_t j = 0; j < i; j++)
                assert_int_not_equal(errnos[i], errnos[j]);
        }
    }
    assert_true(with_errnos >= CHIP_CALL_COUNT - 4);
    assert_null(chs__call_errnos(CHIP_CALL_COUNT, &count));
    assert_int_equal(count, 0);
}

static void names_outside_the_tables_are_a_question_mark(void **state) {
    (void)state;
    assert_string_equal(chs_verdict_word(CHS_VERDICT_ORDER), "order");
    assert_string_equal(chs_verdict_word(CHS_VERDICT_COUNT), "?");
    assert_string_equal(chs_verdict_help(-1), "?");
    assert_string_equal(chs_kernel_word(-1), "?");
    assert_string_equal(chs_step_word(CHS_STEP_KIND_COUNT), "?");
    assert_string_equal(chs_errno_name(0), "?");
    assert_string_equal(chs_signal_name(9), "KILL");
    assert_string_equal(chs_signal_name(0), "?");
    assert_string_equal(chs_state_name(2), "TASK_DONE");
    assert_string_equal(chs_state_name(6), "?");
    assert_string_equal(chs_point_name(CHIP_KIND_PROBE, CHIP_POINT_D2H_END), "d2h.end");
    assert_string_equal(chs_point_name(CHIP_KIND_CALL, CHIP_CALL__exit), "_exit");
    assert_string_equal(chs_point_name(CHIP_KIND_ACCESS, 0), "?");
    assert_string_equal(chs_point_name(CHIP_KIND_PROBE, CHIP_POINT_COUNT), "?");
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(the_schema_is_json),
        cmocka_unit_test(every_reference_of_the_schema_is_defined_once),
        cmocka_unit_test(schema_and_help_know_every_key),
        cmocka_unit_test(help_fits_a_terminal),
        cmocka_unit_test(no_key_or_word_is_a_truth_value_elsewhere),
        cmocka_unit_test(keys_of_an_object_differ),
        cmocka_unit_test(every_errno_of_a_call_has_a_name),
        cmocka_unit_test(names_outside_the_tables_are_a_question_mark),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
