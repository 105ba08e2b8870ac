// SPDX-License-Identifier: GPL-2.0-only
/* Sequences from others */

#include "generate.h"
#include "kinds.h"

static void mutate_insert(struct sequence *seq, struct rng *rng)
{
	unsigned int at = rng_below(rng, seq->nr_calls + 1);
	struct slots_seen seen;

	seen_until(&seen, seq, at);
	any_insert(seq, at, &seen, rng);
}

static void mutate_remove(struct sequence *seq, struct rng *rng)
{
	if (seq->nr_calls > 1)
		sequence_remove(seq, rng_below(rng, seq->nr_calls), 1);
}

static void mutate_argument(struct sequence *seq, struct rng *rng)
{
	struct call *call = &seq->calls[rng_below(rng, seq->nr_calls)];
	const struct field *fields = call->row->fields;
	unsigned int nr = 0, i;

	while (nr < MAX_FIELDS && fields[nr].name)
		nr++;
	i = rng_below(rng, nr);
	if ((i == FIELD_SLOT && !call->row->on) ||
	    (i == FIELD_OUT && !call->row->makes))
		return;
	call->args[i] = kind_mutate(fields[i].kind, rng, call->args[i]);
}

static void mutate_thread(struct sequence *seq, struct rng *rng)
{
	struct call *call = &seq->calls[rng_below(rng, seq->nr_calls)];

	if (call->thread == CONDUCTOR)
		return;
	if (rng_chance(rng, 20))
		call->thread = thread_choose(seq, rng);
	else
		call->thread = process_of(call->thread) * MAX_THREADS +
			       rng_below(rng, MAX_THREADS);
}

static void mutate_together(struct sequence *seq, struct rng *rng)
{
	unsigned int i = rng_below(rng, seq->nr_calls);

	seq->calls[i].together ^= i > 0;
}

/* The same call again, by another thread, at the same time. */
static void mutate_race(struct sequence *seq, struct rng *rng)
{
	unsigned int i = rng_below(rng, seq->nr_calls);
	struct call call = seq->calls[i];

	if (call.thread == CONDUCTOR)
		return;
	call.thread = process_of(call.thread) * MAX_THREADS +
		      rng_below(rng, MAX_THREADS);
	call.together = true;
	call_insert(seq, i + 1, &call);
}

static void mutate_swap(struct sequence *seq, struct rng *rng)
{
	unsigned int i = rng_below(rng, seq->nr_calls);
	struct call call = seq->calls[i];

	if (i + 1 == seq->nr_calls)
		return;
	seq->calls[i] = seq->calls[i + 1];
	seq->calls[i + 1] = call;
	seq->calls[0].together = false;
}

static void mutate_spec(struct sequence *seq, struct rng *rng)
{
	unsigned int i = rng_below(rng, seq->nr_processes);
	bool forked = seq->processes[i].forked;

	if (rng_chance(rng, 50)) {
		seq->end = end_generate(rng);
		return;
	}
	spec_generate(&seq->processes[i], rng, i == 0);
	seq->processes[i].forked = forked;
}

/* The beginning of this one, the end of another. */
static void mutate_splice(struct sequence *seq, const struct sequence *other,
			  struct rng *rng)
{
	unsigned int i = rng_below(rng, other->nr_calls);

	while (seq->nr_processes < other->nr_processes) {
		seq->processes[seq->nr_processes] =
			other->processes[seq->nr_processes];
		seq->nr_processes++;
	}
	seq->nr_calls = 1 + rng_below(rng, seq->nr_calls);
	for (; i < other->nr_calls; i++)
		if (!call_insert(seq, seq->nr_calls, &other->calls[i]))
			break;
}

static bool slot_fits(const struct slots_seen *seen, const struct call *call)
{
	enum slot_type type = SLOT_NONE;

	if (call->args[FIELD_SLOT] < MAX_SLOTS)
		type = seen->types[process_of(call->thread)]
				  [call->args[FIELD_SLOT]];
	return type && (call->row->on == SLOT_ANY || type == call->row->on);
}

/* Most calls that have lost what they are made on get something like it. */
static void slots_mend(struct sequence *seq, struct rng *rng)
{
	struct slots_seen seen = {};
	struct call *call;
	unsigned int i, slot;

	for (i = 0; i < seq->nr_calls; i++) {
		call = &seq->calls[i];
		if (call->thread == CONDUCTOR)
			continue;
		if (call->row->on && !slot_fits(&seen, call) &&
		    rng_chance(rng, 80)) {
			slot = seen_find(&seen, process_of(call->thread),
					 call->row->on, rng);
			if (slot < MAX_SLOTS)
				call->args[FIELD_SLOT] = slot;
		}
		seen_call(&seen, call);
	}
}

/**
 * sequence_mutate() - change a sequence a little
 * @seq: sequence
 * @rng: what decides
 * @other: another one, of which some may be taken
 */
void sequence_mutate(struct sequence *seq, struct rng *rng,
		     const struct sequence *other)
{
	static void (*const changes[])(struct sequence *, struct rng *) = {
		mutate_insert, mutate_insert, mutate_insert, mutate_insert,
		mutate_argument, mutate_argument, mutate_argument,
		mutate_argument, mutate_remove, mutate_remove, mutate_thread,
		mutate_together, mutate_together, mutate_race, mutate_race,
		mutate_swap, mutate_spec,
	};

	if (rng_chance(rng, 8))
		mutate_splice(seq, other, rng);
	do {
		changes[rng_below(rng, ARRAY_SIZE(changes))](seq, rng);
	} while (rng_chance(rng, 60));
	slots_mend(seq, rng);
}
