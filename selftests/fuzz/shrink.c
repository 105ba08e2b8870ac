// SPDX-License-Identifier: GPL-2.0-only
/*
 * Shrinking: first calls are left out, many at once while that works, then
 * processes, then what is left is made simpler, argument by argument
 */

#include <string.h>

#include "kinds.h"
#include "shrink.h"

/* Takes the candidate over if it does the same. */
static bool shrink_try(struct shrink *shrink, struct sequence *seq,
		       const struct sequence *candidate)
{
	if (!shrink->budget)
		return false;
	shrink->budget--;
	if (!shrink->keeps(candidate, shrink->arg))
		return false;
	*seq = *candidate;
	return true;
}

/* From the end on, since calls need those before them. */
static void shrink_chunks(struct shrink *shrink, struct sequence *seq,
			  unsigned int size)
{
	unsigned int at = seq->nr_calls, left;
	struct sequence candidate;

	while (at) {
		at = at > size ? at - size : 0;
		left = seq->nr_calls - at;
		candidate = *seq;
		sequence_remove(&candidate, at, left < size ? left : size);
		if (candidate.nr_calls)
			shrink_try(shrink, seq, &candidate);
	}
}

/**
 * shrink_calls() - leave out calls
 * @shrink: what is to stay as it is
 * @seq: sequence
 */
void shrink_calls(struct shrink *shrink, struct sequence *seq)
{
	unsigned int size;

	for (size = seq->nr_calls / 2; size; size /= 2)
		shrink_chunks(shrink, seq, size);
}

static bool process_used(const struct sequence *seq, unsigned int process)
{
	unsigned int i;

	for (i = 0; i < seq->nr_calls; i++)
		if (process_of(seq->calls[i].thread) == process)
			return true;
	return false;
}

/* (Calls that name processes are left to name others.) */
static void process_remove(struct sequence *seq, unsigned int process)
{
	unsigned int i;

	memmove(&seq->processes[process], &seq->processes[process + 1],
		(seq->nr_processes - process - 1) *
		sizeof(seq->processes[0]));
	seq->nr_processes--;
	for (i = 0; i < seq->nr_calls; i++)
		if (seq->calls[i].thread != CONDUCTOR &&
		    process_of(seq->calls[i].thread) > process)
			seq->calls[i].thread -= MAX_THREADS;
}

static void shrink_processes(struct shrink *shrink, struct sequence *seq)
{
	const struct process_spec simple = {};
	struct sequence candidate;
	unsigned int i;

	for (i = seq->nr_processes; i-- > 0 && seq->nr_processes > 1;) {
		if (process_used(seq, i))
			continue;
		candidate = *seq;
		process_remove(&candidate, i);
		shrink_try(shrink, seq, &candidate);
	}
	for (i = 0; i < seq->nr_processes; i++) {
		candidate = *seq;
		candidate.processes[i] = simple;
		if (!spec_equal(&seq->processes[i], &simple))
			shrink_try(shrink, seq, &candidate);
	}
	candidate = *seq;
	candidate.end = END_CALM;
	if (seq->end != END_CALM)
		shrink_try(shrink, seq, &candidate);
}

static void shrink_argument(struct shrink *shrink, struct sequence *seq,
			    unsigned int i, unsigned int field)
{
	struct call *call = &seq->calls[i];
	uint64_t simple = kind_default(call->row->fields[field].kind);
	struct sequence candidate;

	if (call->args[field] == simple)
		return;
	candidate = *seq;
	candidate.calls[i].args[field] = simple;
	shrink_try(shrink, seq, &candidate);
}

static void shrink_call(struct shrink *shrink, struct sequence *seq,
			unsigned int i)
{
	struct sequence candidate;
	unsigned int field;

	for (field = FIELD_OWN; field < MAX_FIELDS &&
	     seq->calls[i].row->fields[field].name; field++)
		shrink_argument(shrink, seq, i, field);
	if (seq->calls[i].together) {
		candidate = *seq;
		candidate.calls[i].together = false;
		shrink_try(shrink, seq, &candidate);
	}
}

/**
 * shrink_all() - leave out what can be, and make the rest simpler
 * @shrink: what is to stay as it is
 * @seq: sequence
 */
void shrink_all(struct shrink *shrink, struct sequence *seq)
{
	unsigned int i, before;

	do {
		before = seq->nr_calls;
		shrink_calls(shrink, seq);
		shrink_processes(shrink, seq);
		for (i = 0; i < seq->nr_calls; i++)
			shrink_call(shrink, seq, i);
	} while (seq->nr_calls < before && shrink->budget);
}
