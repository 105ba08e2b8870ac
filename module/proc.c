// SPDX-License-Identifier: GPL-2.0-only
/*
 * /proc/net/ipcbox: one line for each port of the reader's network namespace
 *
 * The columns are those of struct ipcbox_stat and bear its names. New ones are
 * added before the last, the name, which may be empty ("-").
 */

#include <linux/err.h>
#include <linux/proc_fs.h>
#include <linux/seq_file.h>
#include <linux/seq_file_net.h>
#include <net/net_namespace.h>

#include "box.h"
#include "port.h"
#include "proc.h"

/* The position is the id of the port shown, and 0 is the header. */
static void *ipcbox_proc_at(struct seq_file *seq, loff_t *pos, u64 after)
{
	struct ipcbox_box *box = ipcbox_box_of_net(seq_file_net(seq));
	struct ipcbox_port *port = ipcbox_box_next(box, after);

	if (IS_ERR_OR_NULL(port)) {
		*pos = S64_MAX;
		return NULL;
	}
	*pos = port->id;
	return port;
}

static void *ipcbox_proc_start(struct seq_file *seq, loff_t *pos)
{
	if (*pos == S64_MAX)
		return NULL;
	return *pos ? ipcbox_proc_at(seq, pos, *pos - 1) : SEQ_START_TOKEN;
}

static void ipcbox_proc_stop(struct seq_file *seq, void *v)
{
	if (v && v != SEQ_START_TOKEN)
		ipcbox_port_put(v);
}

static void *ipcbox_proc_next(struct seq_file *seq, void *v, loff_t *pos)
{
	ipcbox_proc_stop(seq, v);
	return ipcbox_proc_at(seq, pos, *pos);
}

static void ipcbox_proc_limit(struct seq_file *seq, u64 limit, u64 none)
{
	if (limit == none)
		seq_puts(seq, " -");
	else
		seq_printf(seq, " %llu", limit);
}

static int ipcbox_proc_show(struct seq_file *seq, void *v)
{
	static const char * const owners[] = { "kernel", "process", "handle" };
	static const char * const sharings[] = {
		"any", "one", "pair", "all", "lossy",
	};
	static const char * const kinds[] = {
		[IPCBOX_KIND_MAILBOX]	= "mailbox",
		[IPCBOX_KIND_INBOX]	= "inbox",
		[IPCBOX_KIND_STREAM]	= "stream",
		[IPCBOX_KIND_LISTENER]	= "listener",
		[IPCBOX_KIND_CONNECTION] = "connection",
		[IPCBOX_KIND_RING]	= "ring",
	};
	struct ipcbox_stat stat;

	if (v == SEQ_START_TOKEN) {
		seq_puts(seq, "id kind owner sharing mode uid gid creator_uid creator_pid max_msgsize max_messages max_bytes messages bytes taken sent received senders receivers handles waiting_senders waiting_receivers held lost sent_bytes received_bytes lanes dead_lettered max_deliveries dead_letter name\n");
		return 0;
	}
	if (ipcbox_port_stat(v, NULL, &stat))
		return 0;
	seq_printf(seq, "%llu %s %s %s %04o %u %u %u %d %u",
		   stat.id, kinds[stat.kind], owners[stat.owner],
		   sharings[stat.sharing],
		   stat.mode, stat.uid, stat.gid, stat.creator_uid,
		   stat.creator_pid, stat.max_msgsize);
	ipcbox_proc_limit(seq, stat.max_messages, IPCBOX_UNLIMITED);
	ipcbox_proc_limit(seq, stat.max_bytes, 0);
	seq_printf(seq, " %llu %llu %llu %llu %llu %u %u %u %u %u %llu %llu %llu %llu %u %llu %u",
		   stat.messages, stat.bytes, stat.taken, stat.sent,
		   stat.received, stat.senders, stat.receivers, stat.handles,
		   stat.waiting_senders, stat.waiting_receivers, stat.held,
		   stat.lost, stat.sent_bytes, stat.received_bytes,
		   stat.lanes, stat.dead_lettered, stat.max_deliveries);
	ipcbox_proc_limit(seq, stat.dead_letter, 0);
	seq_printf(seq, " %s\n", stat.name[0] ? stat.name : "-");
	return 0;
}

static const struct seq_operations ipcbox_proc_ops = {
	.start	= ipcbox_proc_start,
	.next	= ipcbox_proc_next,
	.stop	= ipcbox_proc_stop,
	.show	= ipcbox_proc_show,
};

static int __net_init ipcbox_proc_net_init(struct net *net)
{
	if (IS_ENABLED(CONFIG_PROC_FS) &&
	    !proc_create_net("ipcbox", 0444, net->proc_net, &ipcbox_proc_ops,
			     sizeof(struct seq_net_private)))
		return -ENOMEM;
	return 0;
}

static void __net_exit ipcbox_proc_net_exit(struct net *net)
{
	remove_proc_entry("ipcbox", net->proc_net);
}

static struct pernet_operations ipcbox_proc_net_ops = {
	.init	= ipcbox_proc_net_init,
	.exit	= ipcbox_proc_net_exit,
};

/* After the boxes are there, and ends before they go. */
int __init ipcbox_proc_init(void)
{
	return register_pernet_subsys(&ipcbox_proc_net_ops);
}

void ipcbox_proc_exit(void)
{
	unregister_pernet_subsys(&ipcbox_proc_net_ops);
}
