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

static int ipcbox_part_map(struct ipcbox__memory *memory, int port, int part)
{
	off_t offset = (off_t)(memory->attach.offset +
			       (uint64_t)part * ipcbox_page());
	int prot = PROT_READ, saved = errno, err;
	void *at;

	if (ipcbox_part_is_own(memory, part))
		prot |= PROT_WRITE;
	at = mmap(NULL, ipcbox_part_len(memory, part), prot, MAP_SHARED, port,
		  offset);
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

int ipcbox__memory_open(struct ipcbox__memory *memory, int port, uint32_t side)
{
	struct ipcbox_ring_attach attach = { .side = side };
	int err = ipcbox__ioctl(port, IPCBOX_RING_ATTACH, &attach);
	int part;

	memory->attach = attach;
	for (part = 0; part < IPCBOX__PARTS; part++) {
		memory->parts[part] = NULL;
		if (!err)
			err = ipcbox_part_map(memory, port, part);
	}
	if (err)
		ipcbox__memory_close(memory);
	return err;
}
