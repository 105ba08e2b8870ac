// SPDX-License-Identifier: GPL-2.0-only
/*
 * The processes and threads that make the calls of a sequence, step by step, as
 * the conductor lets them
 */

#include <pthread.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "cover.h"
#include "rows.h"

#define STACK_SIZE	(64 << 10)

struct seat *process_seat;
unsigned int process_box;
int process_first_fd;	/* below are those of the conductor */

/* Slots: one list for all threads of the process */

static struct slot slots[MAX_SLOTS];
static uint64_t changes_begun, changes_done;
static uint32_t slots_lock;	/* so that no descriptor is closed twice */

/**
 * slot_get() - what a number stands for
 * @slot: number
 *
 * Return: the descriptor and what is known of it
 */
struct slot slot_get(unsigned int slot)
{
	if (slot >= MAX_SLOTS)
		return (struct slot){ .fd = -1 };
	return slots[slot];
}

/* Who waits on it goes on waiting, but nobody can say any more for what. */
static void descriptor_forget(int fd)
{
	struct thread_state *state = &shared->threads[process_seat->process *
						      MAX_THREADS];
	unsigned int i;

	for (i = 0; i < MAX_THREADS; i++)
		if (load(&state[i].fd) == fd)
			store(&state[i].fd, -1);
}

/**
 * slot_put() - give a number to a descriptor, and close the one that had it
 * @slot: number
 * @new: descriptor, and what is known of it
 */
void slot_put(unsigned int slot, const struct slot *new)
{
	struct slot old;

	if (slot >= MAX_SLOTS) {
		close(new->fd);
		return;
	}
	add(&changes_begun, 1);
	lock(&slots_lock);
	old = slots[slot];
	slots[slot] = *new;
	unlock(&slots_lock);
	if (old.fd >= 0) {
		descriptor_forget(old.fd);
		close(old.fd);
	}
	add(&changes_done, 1);
}

/* How many changes there have been; one that is under way counts as another. */
static uint64_t slots_changes(void)
{
	uint64_t done = load(&changes_done), begun = load(&changes_begun);

	return done == begun ? done : ~0ULL;
}

static void slots_clear(void)
{
	struct rlimit limit = { 1024, 4096 };
	unsigned int i;

	uring_end();
	for (i = 0; i < MAX_SLOTS; i++)
		slots[i] = (struct slot){ .fd = -1 };
	changes_done = changes_begun;
	syscall(SYS_close_range, process_first_fd, ~0U, 0);
	setrlimit(RLIMIT_NOFILE, &limit);
}

/* Calls */

static void note_receiver(const struct context *ctx)
{
	if (ctx->row->waits != WAITS_AS_RECEIVER)
		return;
	if (ctx->state->place)
		__atomic_fetch_or(&shared->places[ctx->slot.place - 1].receivers,
				  1U << ctx->thread, __ATOMIC_SEQ_CST);
	if (ctx->slot.handle)
		__atomic_fetch_or(&shared->handles[ctx->slot.handle - 1],
				  1U << ctx->thread, __ATOMIC_SEQ_CST);
}

/* It was not the call that the row describes: nobody knows what it has done. */
static void call_unknown(struct context *ctx)
{
	uint32_t place = context_place(ctx);

	store(&shared->disorder, 1);
	if (place)
		shared->places[place - 1].unsure = 1;
}

static void call_judge(struct context *ctx)
{
	bool done = ctx->ret >= 0;
	void (*look)(struct context *) = done ? ctx->row->check :
						ctx->row->failed;

	errors_check(ctx);
	if (ctx->row->cmd && ctx->call->args[FIELD_COMMAND] != COMMAND_EXACT) {
		call_unknown(ctx);
		return;
	}
	ctx->fate = done ? FATE_SENT : FATE_FAILED;
	if (look && ctx->slot.type == ctx->row->on)
		look(ctx);
	if (ctx->payload)
		ledger_sent(ctx->tag, ctx->fate,
			    ctx->steady ? context_out(ctx) : 0,
			    ctx->message_id);
	if (!ctx->steady)
		store(&shared->strayed, 1);
	/* Who has received from where is not certain any more. */
	if (!ctx->steady && ctx->row->waits == WAITS_AS_RECEIVER)
		store(&shared->disorder, 1);
}

static void call_make(struct context *ctx)
{
	uint64_t changes = slots_changes();

	ctx->slot = slot_get(ctx->row->on ? ctx->call->args[FIELD_SLOT] :
					    NO_SLOT);
	store(&ctx->state->place, context_place(ctx));
	store(&ctx->state->fd, ctx->slot.fd);
	note_receiver(ctx);
	ctx->closed = connection_closed(ctx);
	ctx->row->run(ctx);
	ctx->steady = changes != ~0ULL && changes == slots_changes();
	if (!ctx->steady && ctx->slot.type == SLOT_HANDLE) {
		ctx->slot.place = 0;
		ctx->slot.handle = 0;
	}
	call_judge(ctx);
}

static void payload_note_kind(const struct context *ctx, struct message *message)
{
	switch (ctx->row->cmd) {
	case IPCBOX_CALL:
	case IPCBOX_CONNECT:
		message->kind = MESSAGE_REQUEST;
		break;
	case IPCBOX_REPLY:
		message->kind = MESSAGE_REPLY;
		message->answers = ctx->arg.reply.id;
		break;
	case IPCBOX_ACCEPT:
		message->kind = MESSAGE_REPLY;
		message->answers = ctx->arg.accept.id;
		break;
	}
}

/**
 * payload_enter() - fill the buffer of a message that is about to be sent
 * @ctx: call
 * @buffer: its buffer
 * @type: of the message
 * @priority: of the message
 */
void payload_enter(struct context *ctx, struct buffer *buffer, uint64_t type,
		   uint8_t priority)
{
	ctx->payload = buffer;
	ctx->tag = ledger_send(ctx->thread, buffer->len, type, priority);
	if (ctx->tag != NO_TAG)
		payload_note_kind(ctx, &shared->messages[ctx->tag]);
	if (context_may_be(ctx, IPCBOX_KIND_STREAM))
		stream_fill((void *)buffer->start,
			    buffer->len < buffer->good ? buffer->len :
							 buffer->good,
			    ctx->thread);
	else
		payload_fill((void *)buffer->start, buffer->len, buffer->good,
			     ctx->tag);
	memory_seal(buffer->window, buffer->place);
}

/* Threads */

struct thread {
	pthread_t id;
	unsigned int index;
	unsigned int local;
	struct worker *worker;
	struct thread_state *state;
	uint32_t round;
};

static struct thread threads[MAX_THREADS];

/* A forked process uses a stack of the one that it comes from. */
static char stacks[MAX_PROCESSES][MAX_THREADS][STACK_SIZE]
	__attribute__((aligned(4096)));
static unsigned int descent;

static void progress(void)
{
	add(&shared->progress, 1);
	futex_wake(&shared->progress, 1);
}

/* Waits for the turn of a step; false if there is none any more. */
static bool thread_wait_step(struct thread *self, unsigned int step)
{
	uint32_t go;

	for (;;) {
		go = load(&self->worker->go);
		if (go >> GO_ROUND != self->round ||
		    (go & GO_STEPS) >= GO_EXIT)
			return false;
		if ((go & GO_STEPS) > step)
			return true;
		futex_wait(&self->worker->go, go, 0);
	}
}

static void thread_call(struct thread *self, unsigned int i)
{
	struct context ctx = {
		.thread = self->index,
		.local = self->local,
		.call = &shared->seq.calls[i],
		.row = shared->seq.calls[i].row,
		.state = self->state,
		.tag = NO_TAG,
	};

	store(&self->state->busy, i + 1);
	cover_mark(self->index);
	call_make(&ctx);
	self->state->results[i] = ctx.ret < 0 ? ctx.ret : 1;
	store(&self->state->busy, 0);
	store(&self->state->at, i + 1);
}

/* Is this the last call of the thread in its step? */
static bool step_ends(const struct thread *self, unsigned int i)
{
	unsigned int step = shared->step[i];

	for (i++; i < shared->seq.nr_calls && shared->step[i] == step; i++)
		if (shared->seq.calls[i].thread == self->index)
			return false;
	return true;
}

static void thread_calls(struct thread *self)
{
	unsigned int i;

	cover_begin(self->index);
	for (i = 0; i < shared->seq.nr_calls; i++) {
		if (shared->seq.calls[i].thread != self->index)
			continue;
		if (!thread_wait_step(self, shared->step[i]))
			break;
		thread_call(self, i);
		if (step_ends(self, i))
			progress();
	}
	cover_end(self->index);
}

/* Waits until the conductor says something new. */
static uint32_t thread_wait_change(struct thread *self, uint32_t old)
{
	uint32_t go;

	while ((go = load(&self->worker->go)) == old)
		futex_wait(&self->worker->go, old, 0);
	return go;
}

static void thread_report(struct thread *self, uint32_t go)
{
	store(&self->worker->idle, go);
	progress();
}

/* One sequence: the calls, the end, and for the first thread the cleaning. */
static void thread_round(struct thread *self)
{
	uint32_t go = load(&self->worker->go);

	self->round = go >> GO_ROUND;
	self->index = process_seat->process * MAX_THREADS + self->local;
	self->state = &shared->threads[self->index];
	if ((go & GO_STEPS) < GO_EXIT)
		thread_calls(self);
	for (;;) {
		go = load(&self->worker->go);
		if ((go & GO_STEPS) == GO_EXIT)
			_exit(0);
		if ((go & GO_STEPS) == GO_CLEAN)
			slots_clear();
		if ((go & GO_STEPS) >= GO_CLEAN)
			thread_report(self, go);
		go = thread_wait_change(self, go);
		if (go >> GO_ROUND != self->round)
			return;
	}
}

/* (The process may be in a namespace where it has other ids.) */
static void thread_enter(struct thread *self)
{
	char text[64] = "";
	int pid = 0, tid = 0;

	if (readlink("/proc/thread-self", text, sizeof(text) - 1) < 0 ||
	    sscanf(text, "%d/task/%d", &pid, &tid) != 2)
		_exit(1);
	if (self->local == 0)
		store(&process_seat->pid, pid);
	store(&self->worker->tid, tid);
}

static void *thread_main(void *arg)
{
	struct thread *self = arg;

	thread_enter(self);
	progress();
	for (;;)
		thread_round(self);
	return NULL;
}

static void threads_start(void)
{
	struct thread *thread;
	pthread_attr_t attr;
	unsigned int i;

	for (i = 0; i < MAX_THREADS; i++) {
		thread = &threads[i];
		thread->local = i;
		thread->worker = &process_seat->workers[i];
		if (i == 0)
			continue;
		pthread_attr_init(&attr);
		pthread_attr_setstack(&attr, stacks[descent][i], STACK_SIZE);
		if (pthread_create(&thread->id, &attr, thread_main, thread))
			_exit(1);
	}
}

/* Processes */

static void handler(int sig)
{
}

static void handlers_set(void)
{
	struct sigaction action = { .sa_handler = handler };

	sigaction(INTERRUPTED, &action, NULL);
	action.sa_flags = SA_RESTART;
	sigaction(RESTARTED, &action, NULL);
	signal(SIGPIPE, SIG_IGN);
	/* What it forks need not be waited for. */
	signal(SIGCHLD, SIG_IGN);
}

/**
 * process_main() - the life of a process
 * @seat: where it is told what to do
 * @spec: as whom it lives
 */
void process_main(struct seat *seat, const struct process_spec *spec)
{
	process_seat = seat;
	process_box = world_box_of(spec);
	prctl(PR_SET_PDEATHSIG, SIGKILL);
	if (!world_become(spec))
		_exit(1);
	handlers_set();
	slots_clear();
	threads_start();
	thread_main(&threads[0]);
	_exit(0);
}

/* A child of a process: it has the same descriptors, and one sequence to live. */
static void process_child(unsigned int process)
{
	process_seat = &shared->seats[shared->processes[process].seat];
	descent++;
	uring_forget();
	threads_start();
	thread_main(&threads[0]);
}

/**
 * process_fork() - start a process from the caller's
 * @child: which one of the sequence it is
 *
 * Return: its process id, once the conductor knows of it, or -errno
 */
long process_fork(unsigned int child)
{
	struct process_state *process = &shared->processes[child];
	struct seat *seat = &shared->seats[process->seat];
	pid_t pid;

	if (!shared->seq.processes[child].forked || add(&process->forks, 1))
		return -EINVAL;
	store(&process->forking, 1);
	lock(&slots_lock);
	pid = fork();
	unlock(&slots_lock);
	if (!pid)
		process_child(child);
	while (pid > 0 && !load(&seat->pid) && !kill(pid, 0))
		sleep_ns(MSEC);
	store(&process->forking, 0);
	return result(pid);
}
