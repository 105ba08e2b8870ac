/* SPDX-License-Identifier: GPL-2.0-only */
/* The kinds of values, and the meaning of those that only the fuzzer knows */
#ifndef FUZZ_KINDS_H
#define FUZZ_KINDS_H

#include "fuzz.h"

/* Where memory lies that the kernel is given. */
enum place {
	PLACE_GOOD,
	PLACE_ODD,	/* across two pages, at an odd address */
	PLACE_EDGE,	/* up to the last byte before a hole */
	PLACE_ABSENT,	/* not there until it is touched */
	/* From here on it cannot be, or not be written. */
	PLACE_READONLY,
	PLACE_HALF_READONLY,	/* begins well */
	PLACE_HALF_HOLE,	/* begins well */
	PLACE_NULL,
	PLACE_KERNEL,
	PLACE_NONCANONICAL,
	PLACE_TOP,	/* right behind user memory */
	PLACE_LAST,	/* the last bytes of all */
};

/* What is wrong with an array of segments. */
enum vector {
	VECTOR_GOOD,
	VECTOR_EMPTIES,		/* every other segment is empty */
	VECTOR_HOLE,		/* the second segment lies nowhere */
	VECTOR_NEGATIVE,	/* the last one is longer than an ssize_t */
	VECTOR_OVERFLOW,	/* lengths add up to more than there is */
	VECTOR_NOWHERE,		/* there is no array */
	VECTOR_HALF,		/* half of the array lies in a hole */
};

enum size {
	SIZE_EXACT,
	SIZE_SHORT,	/* by one byte */
	SIZE_NONE,
	SIZE_HALF,
	SIZE_LONGER,	/* a newer program, unknown fields zero */
	SIZE_NEWER,	/* unknown fields not zero */
	SIZE_OLDER,	/* without the last two fields */
	SIZE_PAGE,
	SIZE_MAX_IOC,	/* all that fits into a command */
};

enum command {
	COMMAND_EXACT,
	COMMAND_DIRECTION,
	COMMAND_TYPE,
	COMMAND_NEXT,	/* the number beside it */
	COMMAND_FAR,	/* the number 0xff */
};

enum abi { ABI_NATIVE, ABI_COMPAT };

enum deadline {
	DEADLINE_NONE,
	DEADLINE_NOW,
	DEADLINE_SOON,		/* 300 µs */
	DEADLINE_NEAR,		/* 3 ms */
	DEADLINE_FAR,		/* an hour */
	DEADLINE_PAST,		/* a second ago */
	DEADLINE_FIRST,		/* 1 ns after the boot */
	DEADLINE_MAX,		/* KTIME_MAX */
	DEADLINE_BEYOND,	/* one more */
	DEADLINE_ALL_ONES,
};

/* Port ids: of the ports that this sequence has made, or one of these. */
enum port_id {
	PORT_ID_NEXT = 8,	/* that the next port will have */
	PORT_ID_ALL_ONES,
	PORT_ID_ZERO,
};

/*
 * Ids of messages: of those that are held on the port, the latest first, or one
 * of these. Any other number is itself.
 */
enum held_id {
	HELD_ZERO,
	HELD_LAST,
	HELD_SECOND,
	HELD_THIRD,
	HELD_FIRST,
	HELD_ALL_ONES,
};

/* Processes, as the caller may name them. Any other number is itself. */
enum process_id {
	PROCESS_ANY,		/* 0 */
	PROCESS_FIRST,		/* those of the sequence */
	PROCESS_SELF = PROCESS_FIRST + MAX_PROCESSES,
	PROCESS_THREAD,		/* of the caller, and not the first */
	PROCESS_INIT,
	PROCESS_NOBODY,
	PROCESS_NEGATIVE,
};

/* What descriptors a message is sent with. */
enum fd_what {
	FD_FILE,	/* good ones */
	FD_LAST_HANDLE,	/* of which the last is refused */
	FD_LAST_CLOSED,	/* of which the last is not open */
};

#define KIND_UNKNOWN	0xff	/* of a port that was deleted meanwhile */
#define NO_SLOT		31	/* a descriptor that is not open */

extern const struct kind kind_slot, kind_place, kind_arg_place, kind_segments,
	kind_vector, kind_size, kind_command, kind_abi, kind_deadline,
	kind_type, kind_priority, kind_rights, kind_port_kind, kind_owner,
	kind_sharing, kind_mode, kind_id, kind_capacity, kind_max_bytes,
	kind_max_msgsize, kind_length, kind_name, kind_port_id, kind_zero,
	kind_no_flags, kind_create_flags, kind_open_flags, kind_send_flags,
	kind_recv_flags, kind_set_flags, kind_count, kind_entry_size, kind_user_cursor,
	kind_user_entry_size,
	kind_to, kind_from, kind_inbox_flags, kind_side, kind_lane, kind_ring_wait_flags,
	 kind_handle_slot, kind_pipe_flags,
	kind_stream_bytes,
	kind_timeout, kind_process, kind_thread, kind_signal, kind_microseconds,
	kind_onoff, kind_events, kind_open_file, kind_few, kind_rw_flags,
	kind_room, kind_limit, kind_nested_place, kind_held, kind_lease,
	kind_nr_fds, kind_fd_what,
	kind_call_flags, kind_reply_flags, kind_recv_type, kind_event_mask,
	kind_max_deliveries, kind_connect_flags, kind_accept_flags, kind_reason;

const char *name_text(uint64_t value);

#endif /* FUZZ_KINDS_H */
