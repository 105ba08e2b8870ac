// SPDX-License-Identifier: GPL-2.0-only
/*
 * The conductor: one sequence from its beginning to its end
 *
 * Calls of one step begin together; the next step begins when they have
 * returned, or after a few milliseconds, since some of them wait. When all steps
 * have been made and whoever still waits has come to rest, the oracles look at
 * the ports. Then everybody is made to end, which must not take long.
 */

#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "rows.h"

#define STEP_TIME	(3 * MSEC)	/* for those that may wait */
#define LATE_TIME	(MSEC / 2)	/* for those that wait already */

struct shared *shared;
static uint32_t round_now;

/* Findings */

const char *finding_name(enum finding_kind kind)
{
	static const char *const names[] = {
		"nothing", "errno", "success", "payload", "lost", "twice",
		"order", "id", "stat", "wake", "leak", "hang", "log",
	};

	return kind < ARRAY_SIZE(names) ? names[kind] : "?";
}

/**
 * find() - report a finding; of one sequence only the first counts
 * @kind: of what kind it is
 * @format: as printf()
 */
void find(enum finding_kind kind, const char *format, ...)
{
	uint32_t none = FINDING_NONE;
	va_list args;

	if (!__atomic_compare_exchange_n(&shared->finding.kind, &none, kind,
					 false, __ATOMIC_SEQ_CST,
					 __ATOMIC_SEQ_CST))
		return;
	va_start(args, format);
	vsnprintf(shared->finding.text, sizeof(shared->finding.text), format,
		  args);
	va_end(args);
}

/* Beginning */

/* Before any process is started. */
void conductor_init(void)
{
	shared = shared_memory(sizeof(*shared));
	process_first_fd = fcntl(0, F_DUPFD, 3);
	close(process_first_fd);
}

static void steps_number(const struct sequence *seq)
{
	unsigned int i, step = 0;

	for (i = 0; i < seq->nr_calls; i++) {
		if (i && !seq->calls[i].together)
			step++;
		shared->step[i] = step;
	}
}

/* Only what the last round has used: clearing everything takes longer. */
static void shared_reset(const struct sequence *seq)
{
	shared->hidden = shared->aside = shared->disorder = 0;
	shared->nr_messages = shared->nr_receipts = shared->nr_ports = 0;
	shared->finding.kind = FINDING_NONE;
	memset(shared->threads, 0, sizeof(shared->threads));
	memset(shared->processes, 0, sizeof(shared->processes));
	memset(shared->places, 0, sizeof(shared->places));
	memset(shared->ports, 0, sizeof(shared->ports));
	shared->nonce = now_ns();
	shared->seq = *seq;
	steps_number(seq);
}

/* Threads */

static struct worker *worker_of(unsigned int thread)
{
	return &seat_of(process_of(thread))->workers[thread % MAX_THREADS];
}

static bool thread_used(const struct sequence *seq, unsigned int thread)
{
	unsigned int i;

	for (i = 0; i < seq->nr_calls; i++)
		if (seq->calls[i].thread == thread)
			return true;
	return false;
}

static void worker_go(struct worker *worker, uint32_t what)
{
	store(&worker->go, round_now << GO_ROUND | what);
	futex_wake(&worker->go, 1);
}

static void threads_begin(const struct sequence *seq)
{
	unsigned int thread;

	for (thread = 0; thread < seq->nr_processes * MAX_THREADS; thread++)
		if (thread_used(seq, thread))
			store(&worker_of(thread)->go, round_now << GO_ROUND);
}

/* Steps */

static void conduct_kill(const struct call *call)
{
	unsigned int process = call->args[FIELD_OWN] % MAX_PROCESSES,
		     thread = process * MAX_THREADS +
			      call->args[FIELD_OWN + 1] % MAX_THREADS;
	int sig = call->args[FIELD_OWN + 2];
	struct seat *seat = seat_of(process);
	pid_t pid = load(&seat->pid);

	if (process >= shared->seq.nr_processes || pid <= 0)
		return;
	if (sig == INTERRUPTED)
		add(&shared->threads[thread].interrupts, 1);
	if (sig == SIGKILL || sig == SIGSTOP || sig == SIGCONT)
		kill(pid, sig);
	else if (sig == INTERRUPTED || sig == RESTARTED)
		syscall(SYS_tgkill, pid, worker_of(thread)->tid, sig);
}

static void conduct_call(const struct call *call)
{
	if (!strcmp(call->row->name, "kill"))
		conduct_kill(call);
	else
		sleep_ns(call->args[FIELD_OWN] % 5000 * 1000);
}

enum progress { PROGRESS_DONE, PROGRESS_LATE, PROGRESS_DUE };

/* Late is who has not begun the step because it waits in an earlier one. */
static enum progress call_progress(unsigned int i, unsigned int first)
{
	unsigned int thread = shared->seq.calls[i].thread;
	const struct thread_state *state = &shared->threads[thread];
	uint32_t busy = load(&state->busy);

	if (thread == CONDUCTOR || load(&state->at) > i)
		return PROGRESS_DONE;
	if (!load(&worker_of(thread)->tid))
		return PROGRESS_LATE;
	return busy && busy - 1 < first ? PROGRESS_LATE : PROGRESS_DUE;
}

static enum progress step_progress(unsigned int first, unsigned int end)
{
	enum progress worst = PROGRESS_DONE, progress;
	unsigned int i;

	for (i = first; i < end; i++) {
		progress = call_progress(i, first);
		if (progress > worst)
			worst = progress;
	}
	return worst;
}

static void step_wait(unsigned int first, unsigned int end)
{
	uint64_t start = now_ns(), waited, limit;
	enum progress progress;
	uint32_t seen;

	for (;;) {
		seen = load(&shared->progress);
		progress = step_progress(first, end);
		waited = now_ns() - start;
		limit = progress == PROGRESS_LATE ? LATE_TIME : STEP_TIME;
		if (progress == PROGRESS_DONE || waited >= limit)
			return;
		futex_wait(&shared->progress, seen, limit - waited);
	}
}

static void step_run(const struct sequence *seq, unsigned int first,
		     unsigned int end)
{
	unsigned int i, thread;

	for (i = first; i < end; i++) {
		thread = seq->calls[i].thread;
		if (thread != CONDUCTOR)
			worker_go(worker_of(thread), shared->step[i] + 1);
	}
	for (i = first; i < end; i++)
		if (seq->calls[i].thread == CONDUCTOR)
			conduct_call(&seq->calls[i]);
	step_wait(first, end);
}

static void steps_run(const struct sequence *seq)
{
	unsigned int first = 0, end;

	while (first < seq->nr_calls) {
		end = first + 1;
		while (end < seq->nr_calls && seq->calls[end].together)
			end++;
		step_run(seq, first, end);
		first = end;
		/* Not each time: it costs as much as a step. */
		if (shared->nonce >> (first % 16) & 1)
			oracle_ports();
	}
}

/* The end */

static void threads_interrupt(unsigned int process)
{
	struct seat *seat = seat_of(process);
	struct thread_state *state;
	struct worker *worker;
	unsigned int i;

	for (i = 0; i < MAX_THREADS; i++) {
		worker = &seat->workers[i];
		state = &shared->threads[process * MAX_THREADS + i];
		if (!load(&state->busy))
			continue;
		add(&state->interrupts, 1);
		syscall(SYS_tgkill, seat->pid, worker->tid, INTERRUPTED);
	}
}

static bool process_idle(unsigned int process, uint32_t what)
{
	struct seat *seat = seat_of(process);
	uint32_t go = round_now << GO_ROUND | what;
	unsigned int i;

	for (i = 0; i < MAX_THREADS; i++)
		if (load(&seat->workers[i].go) == go &&
		    load(&seat->workers[i].idle) != go)
			return false;
	return true;
}

/* Has it done what it was told? A dead one has; and has to, to have exited. */
static bool process_ended(unsigned int process, uint32_t what)
{
	if (what != GO_EXIT && process_idle(process, what))
		return true;
	return !seat_alive(process);
}

static void describe_file(const char *path, char *text, size_t size)
{
	int fd = open(path, O_RDONLY | O_CLOEXEC);
	ssize_t len = fd < 0 ? -1 : read(fd, text, size - 1);

	text[len < 0 ? 0 : len] = '\0';
	close(fd);
}

/* What its threads wait in. */
static void hang_found(unsigned int process, const char *when)
{
	struct seat *seat = seat_of(process);
	char text[1500] = "", path[64], stack[600];
	size_t len = 0;
	unsigned int i;

	for (i = 0; i < MAX_THREADS; i++) {
		snprintf(path, sizeof(path), "/proc/%d/task/%d/stack",
			 seat->pid, seat->workers[i].tid);
		describe_file(path, stack, sizeof(stack));
		len += snprintf(text + len, sizeof(text) - len,
				"thread %u:\n%.450s", i, stack);
	}
	find(FINDING_HANG, "process %u does not %s\n%s", process, when, text);
}

/* Waits until one has ended, with a signal from time to time. */
static bool process_wait(unsigned int process, uint32_t what, const char *when)
{
	uint64_t end = now_ns() + PATIENCE;
	uint32_t seen;

	while (!process_ended(process, what)) {
		if (now_ns() > end) {
			hang_found(process, when);
			return false;
		}
		seen = load(&shared->progress);
		if (what == GO_QUIT)
			threads_interrupt(process);
		if (!process_idle(process, what) || what == GO_EXIT)
			futex_wait(&shared->progress, seen, 2 * MSEC);
	}
	return true;
}

static void process_tell(const struct sequence *seq, unsigned int process,
			 uint32_t what)
{
	struct seat *seat = seat_of(process);
	unsigned int i;

	for (i = 0; i < MAX_THREADS; i++)
		if (what == GO_CLEAN ? i == 0 :
		    thread_used(seq, process * MAX_THREADS + i))
			worker_go(&seat->workers[i], what);
}

static bool end_calm(const struct sequence *seq, unsigned int process)
{
	process_tell(seq, process, GO_QUIT);
	if (!process_wait(process, GO_QUIT, "end its calls"))
		return false;
	process_tell(seq, process, GO_CLEAN);
	return process_wait(process, GO_CLEAN, "close its descriptors");
}

/* One thread exits, if one is free to. */
static bool end_exit(const struct sequence *seq, unsigned int process)
{
	unsigned int i, busy = 0;

	for (i = 0; i < MAX_THREADS; i++)
		busy += !!load(&shared->threads[process * MAX_THREADS + i].busy);
	if (busy == MAX_THREADS || !load(&seat_of(process)->pid)) {
		seat_kill(process, SIGKILL);
	} else {
		for (i = 0; i < MAX_THREADS; i++)
			worker_go(&seat_of(process)->workers[i], GO_EXIT);
	}
	return process_wait(process, GO_EXIT, "exit");
}

static bool end_kill(const struct sequence *seq, unsigned int process)
{
	seat_kill(process, SIGKILL);
	return process_wait(process, GO_EXIT, "die");
}

/* What the dead were about to receive may be gone with them. */
static void dead_note(unsigned int process)
{
	struct thread_state *state;
	unsigned int i;

	if (load(&seat_of(process)->pid))
		return;
	for (i = 0; i < MAX_THREADS; i++) {
		state = &shared->threads[process * MAX_THREADS + i];
		if (state->busy && state->place)
			shared->places[state->place - 1].unsure = 1;
	}
}

static bool processes_end(const struct sequence *seq)
{
	static bool (*const ends[])(const struct sequence *, unsigned int) = {
		[END_CALM] = end_calm,
		[END_EXIT] = end_exit,
		[END_KILL] = end_kill,
	};
	bool ended = true;
	unsigned int i;

	for (i = 0; i < seq->nr_processes; i++)
		seat_kill(i, SIGCONT);
	for (i = 0; i < seq->nr_processes; i++) {
		if (!ends[seq->end](seq, i))
			ended = end_kill(seq, i) && ended;
		dead_note(i);
	}
	return ended;
}

/* Descriptors that were passed to somebody who has not taken them. */
static void inboxes_drain(void)
{
	char text[64];
	unsigned int i;

	for (i = 0; i < MAX_PROCESSES; i++)
		while (recv(world_inbox[i][0], text, sizeof(text),
			    MSG_DONTWAIT) >= 0)
			;
}

static void log_look(void)
{
	char text[sizeof(shared->finding.text)];

	if (!world_log(text, sizeof(text)))
		return;
	/* It says more than what came of it. */
	shared->finding.kind = FINDING_NONE;
	find(FINDING_LOG, "%s", text);
}

static unsigned int calls_count(const struct sequence *seq)
{
	unsigned int i, n = 0;

	for (i = 0; i < seq->nr_calls; i++)
		n += seq->calls[i].thread != CONDUCTOR &&
		     shared->threads[seq->calls[i].thread].results[i];
	return n;
}

/**
 * conductor_run() - run a sequence
 * @seq: sequence
 * @result: what came of it
 */
void conductor_run(const struct sequence *seq, struct run_result *result)
{
	bool ended;

	round_now = (round_now + 1) & 0xffffff;
	shared_reset(seq);
	seats_take(seq, round_now);
	threads_begin(seq);
	steps_run(seq);
	oracle_rest();
	ended = processes_end(seq);
	inboxes_drain();
	if (ended) {
		seats_release();
		oracle_end();
	}
	log_look();
	result->calls = calls_count(seq);
	result->finding = shared->finding;
	result->found = shared->finding.kind;
	result->dead = !ended || (result->found && !world_lockdep_works());
}
