// SPDX-License-Identifier: GPL-2.0-only
/*
 * Which errno may come of which call: one that the header documents for it, and
 * of these only what its arguments and the rest of the sequence explain
 */

#include <fcntl.h>
#include <string.h>

#include "rows.h"

/* The rules for all ioctls. */
static const int16_t ioctl_errors[] = { EINVAL, E2BIG, ENOTTY, EFAULT, 0 };

static bool errors_have(const int16_t *errors, int err)
{
	for (; *errors; errors++)
		if (*errors == err)
			return true;
	return false;
}

static bool documented(const struct context *ctx, int err)
{
	return errors_have(ctx->row->errors, err) ||
	       (ctx->row->cmd && errors_have(ioctl_errors, err));
}

static bool call_like(const struct call *call, const char *row,
		      const char *field, uint64_t mask, uint64_t value)
{
	int at;

	if (strcmp(call->row->name, row))
		return false;
	at = field ? row_field(call->row, field) : -1;
	return at < 0 || (mask ? call->args[at] & mask :
				 call->args[at] == value);
}

static bool sequence_like(const char *row, const char *field, uint64_t mask,
			  uint64_t value)
{
	unsigned int i;

	for (i = 0; i < shared->seq.nr_calls; i++)
		if (call_like(&shared->seq.calls[i], row, field, mask, value))
			return true;
	return false;
}

/* Does the sequence have a call like this with one of these bits? */
bool sequence_has(const char *row, const char *field, uint64_t bits)
{
	return sequence_like(row, field, bits, 0);
}

/* With just this? */
bool sequence_has_value(const char *row, const char *field, uint64_t value)
{
	return sequence_like(row, field, 0, value);
}

bool sequence_streams(void)
{
	return sequence_has("pipe", NULL, 0) ||
	       sequence_has_value("create", "kind", IPCBOX_KIND_STREAM);
}

/* May there be connections, or somebody who asks for one? */
bool sequence_connects(void)
{
	return sequence_has_value("create", "kind", IPCBOX_KIND_LISTENER);
}

/* May a descriptor somewhere have O_NONBLOCK? */
static bool sequence_nonblocking(void)
{
	return sequence_has("create", "flags", IPCBOX_NOWAIT) ||
	       sequence_has("open", "flags", IPCBOX_NOWAIT) ||
	       sequence_has("inbox", "flags", IPCBOX_NOWAIT) ||
	       sequence_has("pipe", "flags", IPCBOX_NOWAIT) ||
	       sequence_has("accept", "flags", IPCBOX_NOWAIT) ||
	       sequence_has("box", "flags", O_NONBLOCK) ||
	       sequence_has("nonblock", NULL, 0);
}

/* An argument of what may wait, which in a reply is its second half. */
static int waiting_field(const struct context *ctx, const char *name,
			 const char *of_next)
{
	return row_field(ctx->row, call_next(ctx) ? of_next : name);
}

static bool call_nowait(const struct context *ctx)
{
	int flags = waiting_field(ctx, "flags", "recv_flags");

	/* IPCBOX_NOWAIT and RWF_NOWAIT. */
	return flags >= 0 && ctx->call->args[flags] &
			     (ctx->row->cmd ? IPCBOX_NOWAIT : ~0ULL);
}

static bool buffer_bad(const struct buffer *buffer)
{
	return buffer->spoilt || buffer->good < buffer->len;
}

static bool memory_bad(const struct context *ctx)
{
	unsigned int i;

	if (ctx->row->cmd && ctx->call->args[FIELD_ARG] >= PLACE_READONLY)
		return true;
	/* Of what is no user memory, not even nothing can be read. */
	for (i = 0; i < ctx->nr_buffers; i++)
		if (buffer_bad(&ctx->buffers[i]) ||
		    ctx->buffers[i].place >= PLACE_KERNEL)
			return true;
	return ctx->memory_bad;
}

static bool deadline_given(const struct context *ctx)
{
	int i = waiting_field(ctx, "deadline", "recv_deadline");

	return i >= 0 && ctx->call->args[i] != DEADLINE_NONE;
}

/*
 * A call that a server has received is not restarted, whatever woke it: a signal
 * of any kind, or what io_uring wants done.
 */
static bool interrupted(const struct context *ctx)
{
	if (load(&ctx->state->interrupts) || ctx->row->polls)
		return true;
	return (ctx->row->cmd == IPCBOX_CALL ||
		ctx->row->cmd == IPCBOX_CONNECT) &&
	       (sequence_has("kill", NULL, 0) || load(&shared->aside));
}

static bool size_newer(const struct context *ctx)
{
	const uint64_t *next = call_next(ctx);

	return ctx->call->args[FIELD_SIZE] == SIZE_NEWER ||
	       (next && next[1] == SIZE_NEWER);
}

/* How many descriptors are sent, as the module has seen it. */
static uint32_t sends_fds(const struct context *ctx)
{
	int i = row_field(ctx->row, "nr_fds");

	/* Of an older program it sees nothing. */
	return i < 0 || ctx->call->args[FIELD_SIZE] == SIZE_OLDER ? 0 :
	       ctx->call->args[i];
}

/* One of them cannot be sent, or there are too many. */
static bool sends_bad_fd(const struct context *ctx)
{
	int what = row_field(ctx->row, "fd_what");
	uint32_t nr = sends_fds(ctx);

	return nr && (ctx->call->args[what] != FD_FILE || nr > IPCBOX_FDS_MAX ||
		      buffer_bad(ctx->fds));
}

/* An argument that names a process, as it was given: PROCESS_ANY for none. */
static uint64_t process_named(const struct context *ctx)
{
	int i = ctx->row->cmd == IPCBOX_SEND_TO ? row_field(ctx->row, "to") :
		waiting_field(ctx, "from", "recv_from");

	return i < 0 ? PROCESS_ANY : ctx->call->args[i];
}

/* The caller is there, and may send to itself. */
static bool names_itself(const struct context *ctx)
{
	uint64_t process = process_named(ctx);

	return process == PROCESS_SELF ||
	       process == PROCESS_FIRST + process_of(ctx->thread);
}

/* Of what is held, it is explained by the id. */
static bool process_missing(const struct context *ctx)
{
	if (ctx->row->cmd == IPCBOX_SEND_TO)
		return !names_itself(ctx);
	if (ctx->row->cmd == IPCBOX_RECV)
		return process_named(ctx) != PROCESS_ANY && !names_itself(ctx);
	return true;
}

/* An inbox is for its user, as long as nobody changes that. */
static bool inbox_closed(const struct context *ctx)
{
	return !names_itself(ctx) || sequence_has("set", NULL, 0);
}

static bool inbox_deleted(void)
{
	return sequence_has("delete", NULL, 0) ||
	       sequence_has("unshare", NULL, 0);
}

/* Are there ports that are no mailboxes? */
static bool sequence_others(void)
{
	return sequence_streams() || sequence_connects() ||
	       sequence_has_value("create", "kind", IPCBOX_KIND_RING) ||
	       sequence_has("inbox", NULL, 0) ||
	       sequence_has("send_to", NULL, 0);
}

static bool ring_command(const struct context *ctx)
{
	return ctx->row->cmd == IPCBOX_RING_ATTACH ||
	       ctx->row->cmd == IPCBOX_RING_WAIT ||
	       ctx->row->cmd == IPCBOX_RING_WAKE;
}

/* The kind of port that this command is for alone; KIND_UNKNOWN if for others, too. */
static uint32_t command_kind(const struct context *ctx)
{
	switch (ctx->row->cmd) {
	case IPCBOX_ACCEPT:
	case IPCBOX_REFUSE:
		return IPCBOX_KIND_LISTENER;
	case IPCBOX_SHUTDOWN:
		return IPCBOX_KIND_CONNECTION;
	default:
		return ring_command(ctx) ? IPCBOX_KIND_RING : KIND_UNKNOWN;
	}
}

/* Is it not for ports of this kind, or of the one that others of them may be? */
static bool kind_refuses(const struct context *ctx)
{
	uint32_t only = command_kind(ctx);

	if (only != KIND_UNKNOWN)
		return ctx->slot.kind != only;
	switch (ctx->row->cmd) {
	case IPCBOX_SET:
		return place_may_broadcast(0) || sequence_others();
	case IPCBOX_SEND:
		return context_may_be(ctx, IPCBOX_KIND_CONNECTION) &&
		       call_nowait(ctx);
	case IPCBOX_REPLY:
		return context_may_be(ctx, IPCBOX_KIND_LISTENER);
	default:
		return false;
	}
}

/* Is there something that explains this errno? */
static bool explained(const struct context *ctx, int err)
{
	switch (err) {
	case EAGAIN:
		return call_nowait(ctx) || sequence_nonblocking() ||
		       !ctx->row->waits;
	case ETIMEDOUT:
		return deadline_given(ctx);
	case EINTR:
		return interrupted(ctx);
	case EFAULT:
		return memory_bad(ctx);
	case E2BIG:
		return size_newer(ctx);
	case ENOTTY:	/* by ports of another kind, it is known */
		return ring_command(ctx) ? ctx->slot.kind != IPCBOX_KIND_RING :
		       context_may_be(ctx, IPCBOX_KIND_RING);
	case EUSERS:
		return ctx->row->cmd == IPCBOX_RING_ATTACH ||
		       (shared->seq.nr_processes > 2 &&
			sequence_has_value("create", "sharing",
					   IPCBOX_SHARE_PAIR));
	case EOPNOTSUPP:
		return ctx->row->on != SLOT_HANDLE || !ctx->row->cmd ||
		       place_may_broadcast(ctx->slot.place) ||
		       context_may_be(ctx, IPCBOX_KIND_STREAM) ||
		       kind_refuses(ctx);
	case EPIPE:
		return context_may_be(ctx, IPCBOX_KIND_STREAM) ||
		       context_may_be(ctx, IPCBOX_KIND_CONNECTION);
	case ENOTCONN:
		return context_may_be(ctx, IPCBOX_KIND_CONNECTION);
	case ENXIO:	/* of mmap(), where there is no lane of this handle */
		return ctx->row->on == SLOT_HANDLE ||
		       (sequence_streams() && call_nowait(ctx));
	case ECANCELED:
		return sequence_has("set", "flags", IPCBOX_SET_DEAD_LETTER);
	case ELOOP:
		return ctx->row->cmd == IPCBOX_SEND_TO ||
		       ctx->row->cmd == IPCBOX_SEND ? sends_bad_fd(ctx) : true;
	case ESRCH:
		return process_missing(ctx);
	case EACCES:
		return ctx->row->cmd != IPCBOX_SEND_TO || inbox_closed(ctx);
	case EIDRM:
		return ctx->row->cmd != IPCBOX_SEND_TO || inbox_deleted();
	case EMFILE:
	case ENFILE:
		return sequence_has("limit", NULL, 0);
	case ENOMEM:
		return false;	/* there is plenty */
	default:
		return true;
	}
}

/*
 * All commands are read; most write something back, too. (Of a struct of a page
 * and more, the part that is known may be where it can be written. Of that of a
 * reply only the beginning is, and only if something is received as well.)
 */
static bool arg_usable(const struct context *ctx)
{
	enum place place = ctx->call->args[FIELD_ARG];

	if (!(_IOC_DIR(ctx->row->cmd) & _IOC_READ))
		return place < PLACE_HALF_HOLE;
	if (ctx->row->cmd == IPCBOX_REPLY)
		return place == PLACE_HALF_READONLY ||
		       place < (call_next(ctx) ? PLACE_READONLY :
						 PLACE_HALF_READONLY);
	return place < PLACE_READONLY ||
	       (place == PLACE_HALF_READONLY &&
		ctx->call->args[FIELD_SIZE] >= SIZE_PAGE);
}

static bool next_usable(const struct context *ctx)
{
	const uint64_t *next = call_next(ctx);

	return !next || next[0] < PLACE_READONLY ||
	       (next[0] == PLACE_HALF_READONLY && next[1] >= SIZE_PAGE);
}

/* Is the payload looked at? A reply to nothing only receives. */
static bool payload_used(const struct context *ctx)
{
	if (!ctx->payload)
		return false;
	return !call_next(ctx) || ctx->tag == NO_TAG ||
	       shared->messages[ctx->tag].answers;
}

/* Is what it sends to be in a line? */
static bool sends(const struct context *ctx)
{
	return ctx->payload && ctx->row->waits == WAITS_AS_SENDER;
}

/* Nobody sends events. (A reply is in no line.) */
static bool sends_event(const struct context *ctx)
{
	int type = row_field(ctx->row, "type");

	return sends(ctx) && ctx->row->cmd &&
	       ctx->call->args[type] == IPCBOX_TYPE_EVENT;
}

/* Nothing at all never gets as far as to the module. */
static bool sends_in_vain(const struct context *ctx)
{
	return sends(ctx) && ctx->closed & IPCBOX_RIGHT_SEND &&
	       (ctx->row->cmd || ctx->payload->len);
}

/* A payload that cannot be read cannot be sent. */
static bool success_possible(const struct context *ctx)
{
	uint32_t only = command_kind(ctx);

	if (only != KIND_UNKNOWN && !context_may_be(ctx, only))
		return false;
	if (sends_event(ctx) || sends_in_vain(ctx) || sends_bad_fd(ctx))
		return false;
	if (ctx->row->cmd && (!arg_usable(ctx) || !next_usable(ctx)))
		return false;
	if (!ctx->row->cmd && context_may_be(ctx, IPCBOX_KIND_STREAM))
		return true;	/* of what can be read */
	return !payload_used(ctx) || !buffer_bad(ctx->payload);
}

/* A command that there is not; the number beside it may be another one's. */
static void unknown_check(const struct context *ctx)
{
	if (ctx->call->args[FIELD_COMMAND] != COMMAND_NEXT &&
	    ctx->ret != -ENOTTY)
		find(FINDING_ERRNO, "%s as an unknown command returned %ld",
		     ctx->row->name, ctx->ret);
}

/**
 * errors_check() - judge the result of a call
 * @ctx: call that was made
 *
 * On a descriptor of another kind, or one that may have been replaced
 * meanwhile, everything is possible.
 */
void errors_check(struct context *ctx)
{
	const char *name = ctx->row->name;
	int err = ctx->ret < 0 ? -ctx->ret : 0;

	if (!ctx->steady || (ctx->row->on && ctx->row->on != SLOT_ANY &&
			     ctx->slot.type != ctx->row->on))
		return;
	if (ctx->row->cmd && ctx->call->args[FIELD_COMMAND] != COMMAND_EXACT)
		unknown_check(ctx);
	else if (!err && !success_possible(ctx))
		find(FINDING_SUCCESS, "%s succeeded with what cannot be used",
		     name);
	else if (err && !documented(ctx, err))
		find(FINDING_ERRNO, "%s failed with %s, which is not documented",
		     name, strerrorname_np(err));
	else if (err && !explained(ctx, err))
		find(FINDING_ERRNO, "%s failed with %s, which nothing explains",
		     name, strerrorname_np(err));
}
