/* SPDX-License-Identifier: GPL-2.0-only */
/* Tracepoints: the life of ports and messages, under events/ipcbox/ */
#undef TRACE_SYSTEM
#define TRACE_SYSTEM ipcbox

#if !defined(_IPCBOX_TRACE_H) || defined(TRACE_HEADER_MULTI_READ)
#define _IPCBOX_TRACE_H

#include <linux/tracepoint.h>

#include "message.h"
#include "news.h"
#include "port.h"
#include "queue.h"

DECLARE_EVENT_CLASS(ipcbox_port,
	TP_PROTO(const struct ipcbox_port *port),
	TP_ARGS(port),
	TP_STRUCT__entry(
		__field(u64, id)
		__array(char, name, IPCBOX_NAME_SIZE)
	),
	TP_fast_assign(
		__entry->id = port->id;
		memcpy(__entry->name, port->name, IPCBOX_NAME_SIZE);
	),
	TP_printk("port=%llu name=%s", __entry->id, __entry->name)
);

DEFINE_EVENT(ipcbox_port, ipcbox_port_create,
	TP_PROTO(const struct ipcbox_port *port), TP_ARGS(port));
DEFINE_EVENT(ipcbox_port, ipcbox_port_delete,
	TP_PROTO(const struct ipcbox_port *port), TP_ARGS(port));

DECLARE_EVENT_CLASS(ipcbox_message,
	TP_PROTO(const struct ipcbox_queue *queue,
		 const struct ipcbox_message *msg),
	TP_ARGS(queue, msg),
	TP_STRUCT__entry(
		__field(u64, port)
		__field(u64, id)
		__field(u64, type)
		__field(size_t, len)
		__field(u8, priority)
	),
	TP_fast_assign(
		__entry->port = queue->port_id;
		__entry->id = msg->id;
		__entry->type = msg->type;
		__entry->len = msg->len;
		__entry->priority = msg->priority;
	),
	TP_printk("port=%llu msg=%llu type=%llu len=%zu priority=%u",
		  __entry->port, __entry->id, __entry->type, __entry->len,
		  __entry->priority)
);

/* Sent, and nobody was waiting for it. */
DEFINE_EVENT(ipcbox_message, ipcbox_message_queued,
	TP_PROTO(const struct ipcbox_queue *queue,
		 const struct ipcbox_message *msg), TP_ARGS(queue, msg));
/* Sent, and handed to a waiting receiver. */
DEFINE_EVENT(ipcbox_message, ipcbox_message_handed,
	TP_PROTO(const struct ipcbox_queue *queue,
		 const struct ipcbox_message *msg), TP_ARGS(queue, msg));
DEFINE_EVENT(ipcbox_message, ipcbox_message_received,
	TP_PROTO(const struct ipcbox_queue *queue,
		 const struct ipcbox_message *msg), TP_ARGS(queue, msg));
/* A receive failed after it had taken the message. */
DEFINE_EVENT(ipcbox_message, ipcbox_message_returned,
	TP_PROTO(const struct ipcbox_queue *queue,
		 const struct ipcbox_message *msg), TP_ARGS(queue, msg));
/* Delivered too often: it leaves for another port. */
DEFINE_EVENT(ipcbox_message, ipcbox_message_dead_letter,
	TP_PROTO(const struct ipcbox_queue *queue,
		 const struct ipcbox_message *msg), TP_ARGS(queue, msg));
/* An event that a handle has subscribed to; its id is that of a message. */
TRACE_EVENT(ipcbox_event,
	TP_PROTO(const struct ipcbox_queue *queue,
		 const struct ipcbox_message *event, u64 n),
	TP_ARGS(queue, event, n),
	TP_STRUCT__entry(
		__field(u64, port)
		__field(u64, what)
		__field(u64, id)
		__field(u64, n)
	),
	TP_fast_assign(
		__entry->port = queue->port_id;
		__entry->what = ipcbox_event_what(event);
		__entry->id = event->id;
		__entry->n = n;
	),
	TP_printk("port=%llu what=%#llx msg=%llu n=%llu", __entry->port,
		  __entry->what, __entry->id, __entry->n)
);

/* The waiting sender gave up, or its port was deleted. */
DEFINE_EVENT(ipcbox_message, ipcbox_message_recalled,
	TP_PROTO(const struct ipcbox_queue *queue,
		 const struct ipcbox_message *msg), TP_ARGS(queue, msg));

#endif /* _IPCBOX_TRACE_H */

#undef TRACE_INCLUDE_PATH
#define TRACE_INCLUDE_PATH .
#undef TRACE_INCLUDE_FILE
#define TRACE_INCLUDE_FILE trace
#include <trace/define_trace.h>
