// SPDX-License-Identifier: GPL-2.0-only
/*
 * What is looked at when somebody has connected, accepted, refused or shut down;
 * and what is known of connections while calls are made on them
 *
 * An end receives from one port and sends to another, its partner. That is known
 * when the call that has accepted returns, which may be later than the other end
 * is used: until then nobody can say where that sends to.
 */

#include <fcntl.h>
#include <string.h>
#include <sys/ioctl.h>
#include <unistd.h>

#include "checks.h"
#include "rows.h"

/* While calls are made */

/* The port that the call sends to, in shared->places + 1; 0 if not known. */
uint32_t context_out(const struct context *ctx)
{
	uint32_t place = context_place(ctx);

	/* A reply goes to where the request comes from. */
	if (!place || !ctx->slot.crossed || ctx->row->cmd == IPCBOX_REPLY)
		return place;
	return load(&shared->places[place - 1].partner);
}

static uint32_t place_closed(uint32_t place, uint32_t right)
{
	return place ? load(&shared->places[place - 1].closed) & right : 0;
}

/**
 * connection_closed() - what has been shut down when a call begins
 * @ctx: call
 *
 * Return: IPCBOX_RIGHT_SEND if nothing can be sent any more where it sends to,
 * and IPCBOX_RIGHT_RECV if nothing comes any more where it receives from
 */
uint32_t connection_closed(const struct context *ctx)
{
	return place_closed(context_out(ctx), IPCBOX_RIGHT_SEND) |
	       place_closed(context_place(ctx), IPCBOX_RIGHT_RECV);
}

/* Ends that are made */

/* Nobody else has it yet. Returns the port, or 0 if that is deleted already. */
static uint64_t end_look(const struct context *ctx, bool nonblock,
			 struct ipcbox_stat *stat)
{
	uint32_t rights = IPCBOX_RIGHT_SEND | IPCBOX_RIGHT_RECV |
			  IPCBOX_RIGHT_MANAGE;
	int flags = fcntl(ctx->ret, F_GETFL);

	if (!ctx->steady)
		return 0;
	if (!(flags & O_NONBLOCK) != !nonblock ||
	    (flags & O_ACCMODE) != O_RDWR ||
	    fcntl(ctx->ret, F_GETFD) != FD_CLOEXEC)
		find(FINDING_SUCCESS, "%s: a descriptor with flags %x",
		     ctx->row->name, flags);
	*stat = (struct ipcbox_stat){};
	if (ioctl(ctx->ret, IPCBOX_STAT, stat))
		return 0;
	oracle_stat(stat);
	if (stat->kind != IPCBOX_KIND_CONNECTION || stat->rights != rights)
		find(FINDING_SUCCESS, "%s: an end of kind %u, with rights %x",
		     ctx->row->name, stat->kind, stat->rights);
	return stat->id;
}

/* Connecting */

/* The same port has that name since before the call began. */
static bool listener_sure(const struct ipcbox_connect *connect,
			  const struct ipcbox_stat *stat,
			  const struct ipcbox_stat *end)
{
	return connect->id || stat->created < end->created;
}

/* To root all is permitted. */
static void connect_check_permission(const struct context *ctx,
				     const struct ipcbox_stat *end)
{
	const struct ipcbox_connect *connect = &ctx->arg.connect;
	struct ipcbox_port_open open = { .id = connect->id };
	struct ipcbox_stat stat = {};
	int fd;

	if (sequence_has("set", NULL, 0) || sequence_has("delete", NULL, 0))
		return;
	memcpy(open.name, connect->name, sizeof(open.name));
	fd = ioctl(ctx->slot.fd, IPCBOX_PORT_OPEN, &open);
	if (fd >= 0 && !ioctl(fd, IPCBOX_STAT, &stat) &&
	    listener_sure(connect, &stat, end) &&
	    !oracle_permits(&stat, IPCBOX_RIGHT_SEND))
		find(FINDING_SUCCESS, "connected to port %llu, to which alice may not send",
		     stat.id);
	close(fd);
}

static void connect_check_answer(const struct context *ctx)
{
	const struct ipcbox_connect *connect = &ctx->arg.connect;

	/* None is wanted. */
	if (!connect->answer)
		return;
	if (connect->answer_len > ctx->room->good)
		find(FINDING_SUCCESS, "connect: %llu bytes into %llu good ones",
		     connect->answer_len, (unsigned long long)ctx->room->good);
	else
		ledger_answered(ctx, (void *)ctx->room->start,
				connect->answer_len, connect->answer_type, 0);
}

void check_connect(struct context *ctx)
{
	const struct ipcbox_connect *connect = &ctx->arg.connect;
	struct ipcbox_stat stat;
	uint64_t id = end_look(ctx, false, &stat);

	if (ctx->arg_good) {
		outcome_note(ctx, connect->outcome);
		if (connect->outcome != IPCBOX_ANSWERED || connect->reason ||
		    connect->acceptor_pid < 0 || connect->acceptor_tid < 0)
			find(FINDING_STAT, "connected with outcome %u, reason %llx, by %d/%d",
			     connect->outcome, connect->reason,
			     connect->acceptor_pid, connect->acceptor_tid);
		if (id)
			connect_check_permission(ctx, &stat);
		connect_check_answer(ctx);
	}
	handle_made(ctx, place_made(ctx, id), IPCBOX_SHARE_ANY + 1, true);
}

/* What was refused has been answered, for a reason that somebody has given. */
void check_connect_failed(struct context *ctx)
{
	const struct ipcbox_connect *connect = &ctx->arg.connect;
	bool refused = ctx->ret == -ECONNREFUSED &&
		       connect->outcome == IPCBOX_ANSWERED;

	outcome_note(ctx, connect->outcome);
	if (!ctx->arg_good)
		return;
	if (refused ? !sequence_has_value("refuse", "reason", connect->reason) :
		      !!connect->reason)
		find(FINDING_STAT, "connect failed with %s, outcome %u, for the reason %llx",
		     strerrorname_np(-ctx->ret), connect->outcome,
		     connect->reason);
}

/* Accepting */

static void accept_check_limits(const struct context *ctx,
				const struct ipcbox_stat *stat)
{
	const struct ipcbox_accept *accept = &ctx->arg.accept;

	if (stat->id != accept->ids[0] ||
	    stat->max_messages != accept->max_messages ||
	    stat->max_bytes != accept->max_bytes ||
	    (accept->max_msgsize && stat->max_msgsize != accept->max_msgsize))
		find(FINDING_STAT, "accept: port %llu for %llu, with %llu, %llu, %u for %llu, %llu, %u",
		     stat->id, accept->ids[0], stat->max_messages,
		     stat->max_bytes, stat->max_msgsize, accept->max_messages,
		     accept->max_bytes, accept->max_msgsize);
}

/* An end of each sends to the other one. */
void places_join(uint32_t a, uint32_t b)
{
	if (!a || !b)
		return;
	store(&shared->places[a - 1].partner, b);
	store(&shared->places[b - 1].partner, a);
}

void check_accept(struct context *ctx)
{
	const struct ipcbox_accept *accept = &ctx->arg.accept;
	uint32_t place = place_made(ctx, accept->ids[0]);
	struct ipcbox_stat stat;
	int i;

	ledger_done(ctx->slot.place, accept->id, true);
	if (ctx->arg_good) {
		if (!accept->ids[0] || !accept->ids[1] ||
		    accept->ids[0] == accept->ids[1])
			find(FINDING_SUCCESS, "accept: ids %llu, %llu",
			     accept->ids[0], accept->ids[1]);
		for (i = 0; i < 2; i++)
			port_made(accept->ids[i]);
		places_join(place, place_made(ctx, accept->ids[1]));
	}
	if (end_look(ctx, accept->flags & IPCBOX_NOWAIT, &stat) &&
	    ctx->arg_good && !sequence_has("set", NULL, 0))
		accept_check_limits(ctx, &stat);
	handle_made(ctx, place, IPCBOX_SHARE_ANY + 1, true);
}

void check_refuse(struct context *ctx)
{
	ledger_done(ctx->slot.place, ctx->arg.refuse.id, true);
}

/* Shutting down */

static void place_close(uint32_t place, uint32_t rights)
{
	if (place)
		__atomic_fetch_or(&shared->places[place - 1].closed, rights,
				  __ATOMIC_SEQ_CST);
}

void check_shutdown(struct context *ctx)
{
	uint32_t rights = ctx->arg.shutdown.rights;

	if (!rights || rights & ~(IPCBOX_RIGHT_SEND | IPCBOX_RIGHT_RECV))
		find(FINDING_SUCCESS, "shutdown of rights %x", rights);
	if (!ctx->slot.place)
		return;
	if (rights & IPCBOX_RIGHT_SEND)
		place_close(context_out(ctx), IPCBOX_RIGHT_SEND);
	if (rights & IPCBOX_RIGHT_RECV)
		place_close(ctx->slot.place,
			    IPCBOX_RIGHT_SEND | IPCBOX_RIGHT_RECV);
}
