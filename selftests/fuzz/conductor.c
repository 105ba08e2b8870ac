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

#include "conductor.h"
#include "rows.h"

#define STEP_TIME	(2 * MSEC)	/* for those that may wait */
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
	shared->hidden = 0;
	shared->aside = 0;
	shared->strayed = 0;
	shared->odd_bytes = 0;
	shared->disorder = 0;
	shared->unsure = 0;
	shared->nr_messages = 0;
	shared->nr_receipts = 0;
	shared->nr_told = 0;
	shared->nr_ports = 0;
	shared->nr_handles = 0;
	shared->finding.kind = FINDING_NONE;
	memset(shared->threads, 0, sizeof(shared->threads));
	memset(shared->processes, 0, sizeof(shared->processes));
	memset(shared->places, 0, sizeof(shared->places));
	memset(shared->ports, 0, sizeof(shared->ports));
	memset(shared->handles, 0, sizeof(shared->handles));
	memset(shared->produces, 0, sizeof(shared->produces));
	shared->nonce = now_ns();
	shared->seq = *seq;
	steps_number(seq);
}

/* Threads */

/* Does it make any calls? */
bool thread_used(const struct sequence *seq, unsigned int thread)
{
	unsigned int i;

	for (i = 0; i < seq->nr_calls; i++)
		if (seq->calls[i].thread == thread)
			return true;
	return false;
}

/* In this round, it may make so many steps, or do what else that says. */
void worker_go(struct worker *worker, uint32_t what)
{
	uint32_t go = round_now << GO_ROUND | what;

	if (load(&worker->go) == go)
		return;
	store(&worker->go, go);
	futex_wake(&worker->go, 1);
}

/* Has it done what it was told in this round, if it was? */
bool worker_done(const struct worker *worker, uint32_t what)
{
	uint32_t go = round_now << GO_ROUND | what;

	return load(&worker->go) != go || load(&worker->idle) == go;
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

/*
 * Is this machine still good for looking? After its first report of any kind,
 * lockdep looks no further; KASAN, whose reports do that, too, goes on.
 */
static bool machine_useless(const struct finding *finding)
{
	return finding->kind == FINDING_LOG && !world_lockdep_works() &&
	       !strstr(finding->text, "KASAN");
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
	result->dead = !ended || machine_useless(&result->finding);
}
