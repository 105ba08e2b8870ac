// SPDX-License-Identifier: LGPL-2.1-or-later
/*
 * The memory of a lane: three mappings, each with its own right.
 */
#include <errno.h>
#include <sys/mman.h>
#include <unistd.h>

#include "ring.h"

static size_t ipcbox_page(void)
{
	return (size_t)sysconf(_SC_PAGESIZE);
}

static size_t ipcbox_part_len(const struct ipcbox__memory *memory, int part)
{
	return part == IPCBOX__DATA ? 2 * (size_t)memory->attach.size :
				      ipcbox_page();
}

static bool ipcbox_part_is_own(const struct ipcbox__memory *memory, int part)
{
	if (memory->attach.side == IPCBOX_RIGHT_SEND)
		return part != IPCBOX__CONSUMER;
	return part == IPCBOX__CONSUMER;
}

/* Over what is at @memory->parts[@part], if there is something. */
static int ipcbox_part_map(struct ipcbox__memory *memory, int port, int part)
{
	off_t offset = (off_t)(memory->attach.offset +
			       (uint64_t)part * ipcbox_page());
	int prot = PROT_READ, saved = errno, err;
	void *at = memory->parts[part];

	if (ipcbox_part_is_own(memory, part))
		prot |= PROT_WRITE;
	at = mmap(at, ipcbox_part_len(memory, part), prot,
		  MAP_SHARED | (at ? MAP_FIXED : 0), port, offset);
	if (at != MAP_FAILED) {
		memory->parts[part] = at;
		return 0;
	}
	err = -errno;
	errno = saved;
	return err;
}

/* The last one that goes tells the module that this side has gone. */
void ipcbox__memory_close(struct ipcbox__memory *memory)
{
	int part;

	for (part = 0; part < IPCBOX__PARTS; part++)
		if (memory->parts[part])
			munmap(memory->parts[part],
			       ipcbox_part_len(memory, part));
}

/*
 * A side that has attached leaves when its last mapping goes, so there must be one:
 * there is a place for the first before that.
 */
static int ipcbox_memory_reserve(struct ipcbox__memory *memory)
{
	int saved = errno;
	void *at = mmap(NULL, ipcbox_page(), PROT_NONE,
			MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);

	errno = saved;
	if (at == MAP_FAILED)
		return -ENOMEM;
	memory->parts[0] = at;
	return 0;
}

int ipcbox__memory_open(struct ipcbox__memory *memory, int port, uint32_t side)
{
	int err, part;

	*memory = (struct ipcbox__memory){ .attach.side = side };
	err = ipcbox_memory_reserve(memory);
	if (!err)
		err = ipcbox__ioctl(port, IPCBOX_RING_ATTACH, &memory->attach);
	for (part = 0; !err && part < IPCBOX__PARTS; part++)
		err = ipcbox_part_map(memory, port, part);
	if (err)
		ipcbox__memory_close(memory);
	return err;
}
