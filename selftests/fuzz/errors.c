// SPDX-License-Identifier: GPL-2.0-only
/*
 * Which errno may come of which call: one that the header documents for it, and
 * of these only what its arguments and the rest of the sequence explain
 */

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

/* Does the sequence have a call like this with this argument? */
bool sequence_has(const char *row, const char *field, uint64_t bits)
{
	const struct sequence *seq = &shared->seq;
	unsigned int i;
	int at;

	for (i = 0; i < seq->nr_calls; i++) {
		if (strcmp(seq->calls[i].row->name, row))
			continue;
		at = field ? row_field(seq->calls[i].row, field) : -1;
		if (at < 0 || seq->calls[i].args[at] & bits)
			return true;
	}
	return false;
}

/* May a descriptor somewhere have O_NONBLOCK? */
static bool sequence_nonblocking(void)
{
	return sequence_has("create", "flags", IPCBOX_NOWAIT) ||
	       sequence_has("open", "flags", IPCBOX_NOWAIT) ||
	       sequence_has("nonblock", NULL, 0);
}

static bool call_nowait(const struct context *ctx)
{
	int flags = row_field(ctx->row, "flags");

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
	int i = row_field(ctx->row, "deadline");

	return i >= 0 && ctx->call->args[i] != DEADLINE_NONE;
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
		return load(&ctx->state->interrupts) || ctx->row->polls;
	case EFAULT:
		return memory_bad(ctx);
	case E2BIG:
		return ctx->call->args[FIELD_SIZE] == SIZE_NEWER;
	case ENOTTY:
		return false;	/* it is known */
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
 * and more, the part that is known may be where it can be written.)
 */
static bool arg_usable(const struct context *ctx)
{
	enum place place = ctx->call->args[FIELD_ARG];

	if (!(_IOC_DIR(ctx->row->cmd) & _IOC_READ))
		return place < PLACE_HALF_HOLE;
	return place < PLACE_READONLY ||
	       (place == PLACE_HALF_READONLY &&
		ctx->call->args[FIELD_SIZE] >= SIZE_PAGE);
}

/* A payload that cannot be read cannot be sent. */
static bool success_possible(const struct context *ctx)
{
	if (ctx->row->cmd && !arg_usable(ctx))
		return false;
	return !ctx->payload || !buffer_bad(ctx->payload);
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
		find(FINDING_SUCCESS, "%s succeeded with memory that cannot be used",
		     name);
	else if (err && !documented(ctx, err))
		find(FINDING_ERRNO, "%s failed with %s, which is not documented",
		     name, strerrorname_np(err));
	else if (err && !explained(ctx, err))
		find(FINDING_ERRNO, "%s failed with %s, which nothing explains",
		     name, strerrorname_np(err));
}
