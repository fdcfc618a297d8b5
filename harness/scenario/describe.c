/* SPDX-License-Identifier: Apache-2.0 */
/* describe.c - one line of text for each step, hold, fault and expectation, for reports. */
#include "harness/scenario/type.h"

#include <string.h>

static const char *join(struct chs_ctx *ctx, const char *a, const char *b) {
    return chs__arena_format(ctx->arena, "%s%s", a, b);
}

static const char *ranks_text(struct chs_ctx *ctx, uint64_t mask) {
    const char *text = "";
    unsigned last = 0, count = 0;

    if (mask == chs__all_ranks(ctx) && ctx->s->ranks > 1)
        return "all ranks";
    for (unsigned rank = 0; rank < CHS_MAX_RANKS; rank++) {
        if (!(mask >> rank & 1))
            continue;
        text = chs__arena_format(ctx->arena, "%s%s%u", text, count ? ", " : "", rank);
        last = rank;
        count++;
    }
    if (count == 1)
        return chs__arena_format(ctx->arena, "rank %u", last);
    return count ? join(ctx, "ranks ", text) : "no rank";
}

static const char *field_text(struct chs_ctx *ctx, const struct chip_match *match, int i) {
    const char *name = chs__point_fields(match->point)[i], *word = "?";
    bool boot = !strncmp(chs_point_name(CHIP_KIND_PROBE, match->point), "bootstrap.", 10);

    if (!strcmp(name, "state"))
        word = chs__word_of(boot ? CHS_W_BOOT_STATE : CHS_W_STATE, match->field[i]);
    if (*word != '?')
        return chs__arena_format(ctx->arena, "%s=%s", name, word);
    return chs__arena_format(ctx->arena, "%s=%llu", name, (unsigned long long)match->field[i]);
}

static const char *match_text(struct chs_ctx *ctx, const struct chip_match *match) {
    const char *text = chs_point_name(match->point_kind, match->point), *actor = "any actor";
    const char *fields = "";

    if (match->occurrence != CHIP_ANY)
        text =
            chs__arena_format(ctx->arena, "%s[%llu]", text, (unsigned long long)match->occurrence);
    for (int i = 0; match->point_kind == CHIP_KIND_PROBE && i < CHIP_MATCH_FIELDS; i++) {
        if (match->field[i] != CHIP_ANY)
            fields = chs__arena_format(ctx->arena, "%s%s%s", fields, *fields ? " " : "",
                                       field_text(ctx, match, i));
    }
    if (match->actor_kind == CHIP_ACTOR_PARENT)
        actor = "parent";
    else if (match->actor_kind == CHIP_ACTOR_RANK)
        actor = chs__arena_format(ctx->arena, "rank %u", match->actor_index);
    if (*fields)
        return chs__arena_format(ctx->arena, "%s %s (%s)", actor, text, fields);
    return chs__arena_format(ctx->arena, "%s %s", actor, text);
}

static const char *time_text(struct chs_ctx *ctx, uint64_t ns) {
    static const struct {
        uint64_t factor;
        const char *unit;
    } units[] = {{1000000000, "s"}, {1000000, "ms"}, {1000, "us"}};

    for (size_t i = 0; ns && i < 3; i++) {
        if (ns % units[i].factor == 0)
            return chs__arena_format(ctx->arena, "%llu %s",
                                     (unsigned long long)(ns / units[i].factor), units[i].unit);
    }
    return chs__arena_format(ctx->arena, "%llu ns", (unsigned long long)ns);
}

static const char *content_text(struct chs_ctx *ctx, const struct chs_content *content) {
    const char *text;

    if (content->form == CHS_CONTENT_FILL)
        return chs__arena_format(ctx->arena, "0x%02llx in every byte",
                                 (unsigned long long)content->fill);
    if (content->form != CHS_CONTENT_PATTERN)
        return "its initial content";
    text = chs__word_of(CHS_W_PATTERN, (uint64_t)content->pattern);
    if (content->times != 1)
        text = chs__arena_format(ctx->arena, "%lld * %s", (long long)content->times, text);
    if (content->plus)
        text = chs__arena_format(ctx->arena, "%s + %lld", text, (long long)content->plus);
    return text;
}

static const char *buffer_text(struct chs_ctx *ctx, uint32_t buffer) {
    return buffer == CHS_NONE ? "?" : ctx->s->buffers[buffer].name;
}

static const char *control_text(struct chs_ctx *ctx, const struct chs_step *step) {
    const char *word = chs__word_of(CHS_W_COMMAND, step->command), *what = "";

    if (*word == '?')
        word = chs__arena_format(ctx->arena, "%llu", (unsigned long long)step->command);
    if (step->buffer != CHS_NONE)
        what = join(ctx, " ", buffer_text(ctx, step->buffer));
    else if (step->of != CHS_NONE)
        what = join(ctx, " ", ctx->steps[step->of].id);
    return chs__arena_format(ctx->arena, "%s%s", word, what);
}

static const char *step_text(struct chs_ctx *ctx, const struct chs_step *step) {
    const char *word = chs_step_word(step->kind), *ranks = ranks_text(ctx, step->ranks);

    switch (step->kind) {
    case CHS_STEP_SUBMIT:
    case CHS_STEP_RUN:
        return chs__arena_format(ctx->arena, "%s %s on %s", word, chs_kernel_word(step->kernel),
                                 ranks);
    case CHS_STEP_WAIT:
        return chs__arena_format(ctx->arena, "wait for %s", ranks);
    case CHS_STEP_CONTROL:
        return chs__arena_format(ctx->arena, "control %s on %s", control_text(ctx, step), ranks);
    case CHS_STEP_CHECK:
        return chs__arena_format(
            ctx->arena, "check %s of %s in the %s: %s", buffer_text(ctx, step->buffer), ranks,
            chs__word_of(CHS_W_PLACE, (uint64_t)step->place), content_text(ctx, &step->content));
    case CHS_STEP_KILL:
        return chs__arena_format(ctx->arena, "send %s to %s", chs_signal_name(step->signal), ranks);
    case CHS_STEP_SLEEP:
        return chs__arena_format(ctx->arena, "sleep %s", time_text(ctx, step->duration_ns));
    default:
        return word;
    }
}

static const char *hold_text(struct chs_ctx *ctx, const struct chs_hold *hold) {
    const char *text = join(ctx, "hold before ", match_text(ctx, &hold->plan.before));

    if (hold->plan.until.actor_kind != CHIP_ACTOR_NONE)
        text = chs__arena_format(ctx->arena, "%s until %s has passed", text,
                                 match_text(ctx, &hold->plan.until));
    if (hold->plan.until_time_ns != CHIP_NO_DEADLINE)
        text = chs__arena_format(ctx->arena, "%s for %s", text,
                                 time_text(ctx, hold->plan.until_time_ns));
    return text;
}

/* Calls are counted from 1 in a scenario, points from 0. */
static const char *call_text(struct chs_ctx *ctx, const struct chip_fault *plan) {
    const char *who = plan->at.actor_kind == CHIP_ACTOR_PARENT ? "parent" : "any actor";
    const char *path = *plan->path ? join(ctx, " of ", plan->path) : "";

    if (plan->at.actor_kind == CHIP_ACTOR_RANK)
        who = chs__arena_format(ctx->arena, "rank %u", plan->at.actor_index);
    return chs__arena_format(ctx->arena, "call %llu of %s%s by %s",
                             (unsigned long long)plan->at.occurrence + 1,
                             chs_point_name(CHIP_KIND_CALL, plan->at.point), path, who);
}

static const char *fault_text(struct chs_ctx *ctx, const struct chs_fault *fault) {
    const struct chip_fault *plan = &fault->plan;
    bool call = plan->at.point_kind == CHIP_KIND_CALL;
    const char *where;

    if (fault->kind == CHS_FAULT_DMA)
        return chs__arena_format(ctx->arena, "transfer %llu %s of rank %u fails",
                                 (unsigned long long)fault->nth, fault->d2h ? "d2h" : "h2d",
                                 fault->rank);
    where = call ? call_text(ctx, plan) : match_text(ctx, &plan->at);
    if (fault->kind == CHS_FAULT_FAIL)
        return chs__arena_format(ctx->arena, "%s fails with %s", where,
                                 chs_errno_name(plan->error));
    if (fault->kind == CHS_FAULT_KILL)
        return chs__arena_format(ctx->arena, "SIGKILL at %s", where);
    return chs__arena_format(ctx->arena, "%s takes %s longer", where,
                             time_text(ctx, plan->delay_ns));
}

static const char *count_text(struct chs_ctx *ctx, const struct chs_expect *expect) {
    unsigned long long least = expect->at_least, most = expect->at_most;

    if (most == CHIP_ANY)
        return chs__arena_format(ctx->arena, "at least %llu times", least);
    if (least == most)
        return chs__arena_format(ctx->arena, "%llu times", least);
    return chs__arena_format(ctx->arena, "%llu to %llu times", least, most);
}

static const char *expect_text(struct chs_ctx *ctx, const struct chs_expect *expect) {
    const char *first;

    switch (expect->kind) {
    case CHS_EXPECT_ORDER:
        return chs__arena_format(ctx->arena, "%s%s before %s", expect->each ? "each " : "",
                                 match_text(ctx, &expect->first), match_text(ctx, &expect->then));
    case CHS_EXPECT_NEVER:
        return join(ctx, "never ", match_text(ctx, &expect->first));
    case CHS_EXPECT_REACHED:
        first = match_text(ctx, &expect->first);
        return chs__arena_format(ctx->arena, "%s %s", first, count_text(ctx, expect));
    case CHS_EXPECT_CONTENT:
        return chs__arena_format(ctx->arena, "%s of %s holds %s at %s",
                                 buffer_text(ctx, expect->buffer), ranks_text(ctx, expect->ranks),
                                 content_text(ctx, &expect->content),
                                 match_text(ctx, &expect->moment));
    default:
        first = expect->rank == CHS_NONE ? "parent"
                                         : chs__arena_format(ctx->arena, "rank %u", expect->rank);
        if (expect->by_signal)
            return chs__arena_format(ctx->arena, "%s ends by SIG%s", first,
                                     chs_signal_name(expect->status));
        return chs__arena_format(ctx->arena, "%s ends with status %d", first, expect->status);
    }
}

void chs__describe(struct chs_ctx *ctx) {
    struct chs_scenario *s = ctx->s;

    for (size_t i = 0; i < s->step_count; i++)
        s->steps[i].text = step_text(ctx, &s->steps[i]);
    for (size_t i = 0; i < s->hold_count; i++)
        s->holds[i].text = hold_text(ctx, &s->holds[i]);
    for (size_t i = 0; i < s->fault_count; i++)
        s->faults[i].text = fault_text(ctx, &s->faults[i]);
    for (size_t i = 0; i < s->expect_count; i++)
        s->expects[i].text = expect_text(ctx, &s->expects[i]);
}
