// SPDX-License-Identifier: GPL-2.0-only
/*
 * Sequences from nothing, and the calls that they are made of
 *
 * What a slot holds when a call is made is followed, roughly, so that most
 * calls are made on descriptors that know them. A convention keeps this so when
 * sequences are mixed: the box is in slot 0, handles are in 1 to 7, the others
 * in 8 to 11.
 */

#include <string.h>

#include "generate.h"
#include "kinds.h"
#include "rows.h"

#define LENGTH_MIN	5
#define LENGTH_MAX	40

/* What a call changes there, if it succeeds. */
void seen_call(struct slots_seen *seen, const struct call *call)
{
	unsigned int process = process_of(call->thread);
	uint64_t in = call->args[FIELD_SLOT], out = call->args[FIELD_OUT],
		 child = call->args[FIELD_OWN];
	enum slot_type type = call->row->makes;
	int second = row_field(call->row, "write_end");

	if (call->thread == CONDUCTOR)
		return;
	if (!strcmp(call->row->name, "close") && in < MAX_SLOTS)
		seen->types[process][in] = SLOT_NONE;
	if (!strcmp(call->row->name, "fork") && child < MAX_PROCESSES)
		memcpy(seen->types[child], seen->types[process],
		       sizeof(seen->types[child]));
	if (type == SLOT_ANY)	/* of a copy, or a message */
		type = call->row->on && in < MAX_SLOTS ?
		       seen->types[process][in] : SLOT_HANDLE;
	if (type && out < MAX_SLOTS)
		seen->types[process][out] = type;
	if (second >= 0 && call->args[second] < MAX_SLOTS)
		seen->types[process][call->args[second]] = type;
}

/* What the calls before this one leave there. */
void seen_until(struct slots_seen *seen, const struct sequence *seq,
		unsigned int end)
{
	unsigned int i;

	memset(seen, 0, sizeof(*seen));
	for (i = 0; i < end; i++)
		seen_call(seen, &seq->calls[i]);
}

/* A slot that holds such a descriptor, or MAX_SLOTS. */
unsigned int seen_find(const struct slots_seen *seen, unsigned int process,
		       enum slot_type type, struct rng *rng)
{
	unsigned int i, at, start = rng_below(rng, MAX_SLOTS);

	for (i = 0; i < MAX_SLOTS; i++) {
		at = (start + i) % MAX_SLOTS;
		if (type == SLOT_ANY ? seen->types[process][at] != SLOT_NONE :
				       seen->types[process][at] == type)
			return at;
	}
	return MAX_SLOTS;
}

/* Calls */

static unsigned int slot_for(enum slot_type type, struct rng *rng)
{
	switch (type) {
	case SLOT_BOX:
		return 0;
	case SLOT_HANDLE:
		return 1 + rng_below(rng, 7);
	case SLOT_EPOLL:
		return 8 + rng_below(rng, 2);
	default:
		return 1 + rng_below(rng, MAX_SLOTS - 1);
	}
}

/* Rings and listeners have attributes of which few of others will do. */
static void call_fit(struct call *call)
{
	static const struct {
		enum ipcbox_kind kind;
		const char *name;
		uint64_t value;
	} fits[] = {
		{ IPCBOX_KIND_RING, "sharing", IPCBOX_SHARE_ANY },
		{ IPCBOX_KIND_RING, "max_msgsize", 0 },
		{ IPCBOX_KIND_RING, "max_messages", 2 },
		{ IPCBOX_KIND_RING, "max_bytes", 4096 },
		{ IPCBOX_KIND_LISTENER, "sharing", IPCBOX_SHARE_ANY },
		{ IPCBOX_KIND_LISTENER, "rights",
		  IPCBOX_RIGHT_RECV | IPCBOX_RIGHT_MANAGE },
	};
	unsigned int i;
	int kind = row_field(call->row, "kind");

	for (i = 0; kind >= 0 && i < ARRAY_SIZE(fits); i++)
		if (call->args[kind] == fits[i].kind)
			call->args[row_field(call->row, fits[i].name)] =
				fits[i].value;
}

static void call_fill(struct call *call, const struct row *row,
		      unsigned int thread, struct rng *rng)
{
	unsigned int i;

	memset(call, 0, sizeof(*call));
	call->row = row;
	call->thread = thread;
	for (i = 0; i < MAX_FIELDS && row->fields[i].name; i++)
		call->args[i] = kind_generate(row->fields[i].kind, rng);
	if (rng_chance(rng, 70))
		call_fit(call);
	call->args[FIELD_SLOT] = row->on ? slot_for(row->on, rng) : 0;
	call->args[FIELD_OUT] = row->makes ? slot_for(row->makes, rng) : 0;
}

static const struct row *row_that_makes(enum slot_type type, struct rng *rng)
{
	switch (type) {
	case SLOT_BOX:
		return row_find("box");
	case SLOT_EPOLL:
		return row_find("epoll");
	default:
		return row_find(rng_chance(rng, 70) ? "create" : "open");
	}
}

/* False if there is no room. */
bool call_insert(struct sequence *seq, unsigned int at, const struct call *call)
{
	if (seq->nr_calls == MAX_CALLS)
		return false;
	memmove(&seq->calls[at + 1], &seq->calls[at],
		(seq->nr_calls - at) * sizeof(*call));
	seq->calls[at] = *call;
	seq->nr_calls++;
	return true;
}

static bool call_add(struct sequence *seq, unsigned int at,
		     const struct row *row, unsigned int thread,
		     struct slots_seen *seen, struct rng *rng)
{
	unsigned int slot;
	struct call call;

	call_fill(&call, row, thread, rng);
	if (row->on && !rng_chance(rng, 3)) {
		slot = seen_find(seen, process_of(thread), row->on, rng);
		call.args[FIELD_SLOT] = slot == MAX_SLOTS ? NO_SLOT : slot;
	}
	if (!call_insert(seq, at, &call))
		return false;
	seen_call(seen, &call);
	return true;
}

/* A call of a row, and before it those that make what it needs. */
struct chain {
	unsigned int nr;
	const struct row *rows[3];
};

static void chain_make(struct chain *chain, const struct row *row,
		       unsigned int process, const struct slots_seen *seen,
		       struct rng *rng)
{
	chain->nr = 0;
	do {
		chain->rows[chain->nr++] = row;
		if (!row->on || row->on == SLOT_ANY ||
		    seen_find(seen, process, row->on, rng) < MAX_SLOTS)
			return;
		row = row_that_makes(row->on, rng);
	} while (chain->nr < ARRAY_SIZE(chain->rows));
}

/* Returns how many calls it has become. */
static unsigned int row_insert(struct sequence *seq, unsigned int at,
			       const struct row *row, unsigned int thread,
			       struct slots_seen *seen, struct rng *rng)
{
	struct chain chain = { 1, { row } };
	unsigned int n = 0;

	if (thread != CONDUCTOR)
		chain_make(&chain, row, process_of(thread), seen, rng);
	while (chain.nr && call_add(seq, at + n, chain.rows[chain.nr - 1],
				    thread, seen, rng)) {
		chain.nr--;
		n++;
	}
	return n;
}

unsigned int thread_choose(const struct sequence *seq, struct rng *rng)
{
	unsigned int process = rng_below(rng, seq->nr_processes);
	unsigned int local = rng_chance(rng, 50) ? 0 :
			     rng_below(rng, MAX_THREADS);

	return process * MAX_THREADS + local;
}

/* Is what this call needs made by another thread in the step before it? */
static bool call_needs_step(const struct sequence *seq, unsigned int i)
{
	const struct call *call = &seq->calls[i], *other;

	if (!call->row->on)
		return false;
	while (i--) {
		other = &seq->calls[i];
		if (other->row->makes && other->thread != call->thread &&
		    other->args[FIELD_OUT] == call->args[FIELD_SLOT] &&
		    process_of(other->thread) == process_of(call->thread))
			return true;
		if (!other->together)
			return false;
	}
	return false;
}

/* Any call, and what it needs: returns how many calls that has become. */
unsigned int any_insert(struct sequence *seq, unsigned int at,
			struct slots_seen *seen, struct rng *rng)
{
	bool conductor = rng_chance(rng, 4);
	const struct row *row = row_choose(rng, conductor);
	unsigned int thread = conductor ? CONDUCTOR : thread_choose(seq, rng);
	unsigned int n = row_insert(seq, at, row, thread, seen, rng);

	if (n && at + n - 1)
		seq->calls[at + n - 1].together =
			rng_chance(rng, call_needs_step(seq, at + n - 1) ? 4 : 35);
	return n;
}

/* Sequences */

void spec_generate(struct process_spec *spec, struct rng *rng, bool first)
{
	memset(spec, 0, sizeof(*spec));
	if (rng_chance(rng, 40))
		spec->who = rng_chance(rng, 60) ? WHO_ALICE : WHO_NESTED;
	spec->net = rng_chance(rng, 12) ? NET_OTHER : NET_OWN;
	spec->new_pid = rng_chance(rng, 10);
	spec->forked = !first && rng_chance(rng, 10);
}

enum end end_generate(struct rng *rng)
{
	if (rng_chance(rng, 86))
		return END_CALM;
	return rng_chance(rng, 50) ? END_EXIT : END_KILL;
}

/* Without the first fork nothing would start a process that is to be forked. */
static void forks_insert(struct sequence *seq, struct slots_seen *seen,
			 struct rng *rng)
{
	unsigned int process, n;

	for (process = 1; process < seq->nr_processes; process++) {
		if (!seq->processes[process].forked)
			continue;
		n = row_insert(seq, seq->nr_calls, row_find("fork"), 0, seen,
			       rng);
		if (n)
			seq->calls[seq->nr_calls - 1].args[FIELD_OWN] = process;
	}
}

static void calls_generate(struct sequence *seq, unsigned int length,
			   struct slots_seen *seen, struct rng *rng)
{
	while (seq->nr_calls < length)
		any_insert(seq, seq->nr_calls, seen, rng);
}

/**
 * sequence_generate() - from nothing
 * @seq: result
 * @rng: what decides
 */
void sequence_generate(struct sequence *seq, struct rng *rng)
{
	static const unsigned int processes[] = { 1, 1, 2, 2, 2, 2, 3, 3, 4 };
	unsigned int i, length = LENGTH_MIN +
			rng_below(rng, LENGTH_MAX - LENGTH_MIN);
	struct slots_seen seen = {};

	memset(seq, 0, sizeof(*seq));
	seq->end = end_generate(rng);
	seq->nr_processes = processes[rng_below(rng, ARRAY_SIZE(processes))];
	for (i = 0; i < seq->nr_processes; i++)
		spec_generate(&seq->processes[i], rng, i == 0);
	for (i = 0; i < seq->nr_processes; i++) {
		if (seq->processes[i].forked)
			continue;
		row_insert(seq, seq->nr_calls, row_find("box"),
			   i * MAX_THREADS, &seen, rng);
		seq->calls[seq->nr_calls - 1].together = i;
	}
	calls_generate(seq, length / 3, &seen, rng);
	forks_insert(seq, &seen, rng);
	calls_generate(seq, length, &seen, rng);
}

/**
 * sequence_remove() - take calls away
 * @seq: sequence
 * @from: first of them
 * @nr: how many
 */
void sequence_remove(struct sequence *seq, unsigned int from, unsigned int nr)
{
	bool begins = !seq->calls[from].together;

	memmove(&seq->calls[from], &seq->calls[from + nr],
		(seq->nr_calls - from - nr) * sizeof(seq->calls[0]));
	seq->nr_calls -= nr;
	/* What followed in its step does not join the step before. */
	if (begins && from < seq->nr_calls)
		seq->calls[from].together = false;
}

static bool processes_equal(const struct sequence *a, const struct sequence *b)
{
	unsigned int i;

	for (i = 0; i < a->nr_processes; i++)
		if (!spec_equal(&a->processes[i], &b->processes[i]))
			return false;
	return a->nr_processes == b->nr_processes;
}

static bool call_equal(const struct call *a, const struct call *b)
{
	return a->row == b->row && a->thread == b->thread &&
	       a->together == b->together &&
	       !memcmp(a->args, b->args, sizeof(a->args));
}

bool sequence_equal(const struct sequence *a, const struct sequence *b)
{
	unsigned int i;

	if (a->end != b->end || a->nr_calls != b->nr_calls ||
	    !processes_equal(a, b))
		return false;
	for (i = 0; i < a->nr_calls; i++)
		if (!call_equal(&a->calls[i], &b->calls[i]))
			return false;
	return true;
}
