// SPDX-License-Identifier: GPL-2.0-only
/* What is looked at when a command on ports and handles has succeeded */

#include <sys/ioctl.h>
#include <unistd.h>

#include "checks.h"
#include "rows.h"

/* Handles that are made */

/* Calls can name it from now on. */
void port_made(uint64_t id)
{
	uint32_t n = add(&shared->nr_ports, 1);

	if (n < MAX_PORTS)
		shared->ports[n] = id;
	store(&shared->last_port, id);
}

static uint32_t handle_kind(int fd)
{
	struct ipcbox_stat stat = {};

	return ioctl(fd, IPCBOX_STAT, &stat) ? KIND_UNKNOWN : stat.kind;
}

/* Of a box that calls name the place is its number. */
static unsigned int context_box(const struct context *ctx)
{
	return ctx->slot.type == SLOT_BOX ? ctx->slot.place :
					    place_box(ctx->slot.place);
}

/* The place of a port of the same box, known only if the id could be read. */
uint32_t place_made(const struct context *ctx, uint64_t id)
{
	if (!ctx->arg_good || !ctx->steady || !id)
		return 0;
	return place_of(context_box(ctx), id);
}

/* How it is shared is known only of one that was made, and is 0 else. */
static void handle_made_at(struct context *ctx, unsigned int at, int fd,
			   uint32_t place, uint32_t sharing, bool crossed)
{
	uint32_t handle = add(&shared->nr_handles, 1);
	struct slot slot = {
		.fd = fd,
		.type = SLOT_HANDLE,
		.kind = handle_kind(fd),
		.place = place,
		.crossed = crossed,
		.handle = handle < MAX_HANDLES ? handle + 1 : 0,
	};

	if (place && sharing)
		store(&shared->places[place - 1].sharing, sharing);
	slot_put(ctx->call->args[at], &slot);
}

void handle_made(struct context *ctx, uint32_t place, uint32_t sharing,
		 bool crossed)
{
	handle_made_at(ctx, FIELD_OUT, ctx->ret, place, sharing, crossed);
}

void check_create(struct context *ctx)
{
	const struct ipcbox_port_create *arg = &ctx->arg.port_create;

	if (ctx->arg_good && arg->created)
		port_made(arg->id);
	else if (ctx->arg_good)
		oracle_rights(ctx->ret);
	handle_made(ctx, place_made(ctx, arg->id),
		    arg->created ? arg->sharing + 1 : 0, false);
}

void check_open(struct context *ctx)
{
	oracle_rights(ctx->ret);
	handle_made(ctx, place_made(ctx, ctx->arg.port_open.id), 0, false);
}

static bool port_known(uint64_t id)
{
	uint32_t i, nr = load(&shared->nr_ports);

	for (i = 0; i < nr && i < MAX_PORTS; i++)
		if (shared->ports[i] == id)
			return true;
	return false;
}

/* Whether it was made by this call, it does not tell. */
void check_inbox(struct context *ctx)
{
	uint64_t id = ctx->arg.inbox.id;

	if (ctx->arg_whole && !port_known(id))
		port_made(id);
	oracle_rights(ctx->ret);
	handle_made(ctx, place_made(ctx, id), IPCBOX_SHARE_ANY + 1, false);
}

void check_pipe(struct context *ctx)
{
	int other = row_field(ctx->row, "write_end"), i;
	const struct ipcbox_pipe *pipe = &ctx->arg.pipe;
	bool both = pipe->flags & IPCBOX_BOTH_WAYS;
	uint32_t places[2];

	if (!ctx->arg_whole)
		return;
	if (pipe->fds[0] < process_first_fd || pipe->fds[1] < process_first_fd ||
	    pipe->fds[0] == pipe->fds[1] || !pipe->ids[0] ||
	    pipe->ids[0] == pipe->ids[1] || !!pipe->ids[1] != both)
		find(FINDING_SUCCESS, "pipe: descriptors %d, %d, ids %llu, %llu",
		     pipe->fds[0], pipe->fds[1], pipe->ids[0], pipe->ids[1]);
	for (i = 0; i <= both; i++) {
		port_made(pipe->ids[i]);
		places[i] = place_made(ctx, pipe->ids[i]);
	}
	if (both)
		places_join(places[0], places[1]);
	handle_made_at(ctx, FIELD_OUT, pipe->fds[0], places[0],
		       IPCBOX_SHARE_ANY + 1, both);
	handle_made_at(ctx, other, pipe->fds[1], places[both],
		       IPCBOX_SHARE_ANY + 1, both);
}

/* One handle has one, until a mapping of it goes. */
static void check_producer(const struct context *ctx)
{
	uint32_t handle = ctx->slot.handle;

	if (handle && ctx->arg.ring_attach.side == IPCBOX_RIGHT_SEND &&
	    add(&shared->produces[handle - 1], 1) &&
	    !sequence_has("mmap", NULL, 0))
		find(FINDING_SUCCESS, "a second lane with the same producer");
}

void check_ring_attach(struct context *ctx)
{
	const struct ipcbox_ring_attach *lane = &ctx->arg.ring_attach;

	if (ctx->arg_whole &&
	    (lane->lane >= IPCBOX_RING_LANES || !lane->size ||
	     lane->size & (lane->size - 1) || lane->capacity > lane->size ||
	     lane->size % 4096 || lane->offset % 4096))
		find(FINDING_STAT, "lane %u: size %llu, capacity %llu, offset %llx",
		     lane->lane, lane->size, lane->capacity, lane->offset);
	check_producer(ctx);
}

/* What is told of ports and users */

void check_info(struct context *ctx)
{
	const struct ipcbox_info *info = &ctx->arg.info;

	if (info->abi_version != IPCBOX_ABI_VERSION || !info->kinds ||
	    info->user_ports > info->max_ports ||
	    info->user_bytes > info->max_bytes)
		find(FINDING_STAT, "info: version %u, ports %llu of %llu, bytes %llu of %llu",
		     info->abi_version, info->user_ports, info->max_ports,
		     info->user_bytes, info->max_bytes);
}

void check_stat(struct context *ctx)
{
	if (ctx->arg_whole)
		oracle_stat(&ctx->arg.stat);
}

/* Of entries that are shorter nobody can say whether they add up. */
void check_list(struct context *ctx)
{
	const struct ipcbox_port_list *list = &ctx->arg.port_list;
	const struct buffer *table = &ctx->buffers[0];
	const struct ipcbox_stat *stat;
	unsigned int i;

	if (!ctx->arg_good || list->entry_size < sizeof(*stat))
		return;
	for (i = 0; i < list->count; i++) {
		if ((i + 1ULL) * list->entry_size > table->good)
			return;
		stat = (void *)(table->start + i * list->entry_size);
		oracle_stat(stat);
	}
}

/* Whoever is not root, or is that of its own user only, sees itself alone. */
void check_users(struct context *ctx)
{
	const struct ipcbox_user_list *list = &ctx->arg.user_list;
	const struct buffer *table = &ctx->buffers[0];
	const struct ipcbox_user_entry *entry;
	unsigned int i;

	if (!ctx->arg_good || list->entry_size < sizeof(*entry))
		return;
	for (i = 0; i < list->count; i++) {
		if ((i + 1ULL) * list->entry_size > table->good)
			return;
		entry = (void *)(table->start + i * list->entry_size);
		if ((getuid() && entry->uid != getuid()) ||
		    (!entry->ports && !entry->bytes) ||
		    entry->flags || entry->reserved)
			find(FINDING_STAT, "users: to user %d, user %u has %llu ports, %llu bytes",
			     getuid(), entry->uid, entry->ports, entry->bytes);
	}
}
