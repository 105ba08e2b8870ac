// SPDX-License-Identifier: GPL-2.0-only
/* Pairs: making one or two ports, and an end on each side */

#include <linux/err.h>
#include <linux/file.h>
#include <linux/fs.h>

#include "box.h"
#include "handle.h"
#include "pair.h"
#include "port.h"

/**
 * ipcbox_pair_init() - begin
 * @pair: pair
 * @box: where the ports will be
 * @kind: of the ports; what else is to be set in pair->create are their limits
 */
void ipcbox_pair_init(struct ipcbox_pair *pair, struct ipcbox_box *box,
		      enum ipcbox_kind kind)
{
	*pair = (struct ipcbox_pair){
		.box = box,
		.create = {
			.rights = IPCBOX_RIGHTS,
			.kind = kind,
			.owner = IPCBOX_OWNER_HANDLE,
			.mode = 0600,
			.uid = IPCBOX_ID_SELF,
			.gid = IPCBOX_ID_SELF,
		},
	};
}

static int ipcbox_pair_port(struct ipcbox_pair *pair, int way)
{
	struct ipcbox_port_attr attr;
	struct ipcbox_port *port;
	int ret;

	ret = ipcbox_port_attr_parse(&attr, &pair->create, pair->box);
	if (ret)
		return ret;
	port = ipcbox_port_new(pair->box, &attr);
	if (IS_ERR(port))
		return PTR_ERR(port);
	pair->ports[way] = port;
	return 0;
}

static int ipcbox_pair_file(struct ipcbox_pair *pair, int end, u32 rights,
			    bool nonblock)
{
	struct ipcbox_port *in = pair->ports[0], *out = NULL;
	struct file *file;

	if (pair->ports[1]) {
		in = pair->ports[end];
		out = pair->ports[!end];
		rights |= IPCBOX_RIGHTS;
	}
	file = ipcbox_handle_open(in, out, rights, nonblock);
	if (IS_ERR(file))
		return PTR_ERR(file);
	pair->files[end] = file;
	return 0;
}

/**
 * ipcbox_pair_make() - make the ports and the ends
 * @pair: pair from ipcbox_pair_init()
 * @both_ways: two ports, and not one
 * @nonblock: of each end, whether it has O_NONBLOCK set
 *
 * Who is to write comes last, so that there is somebody to read.
 *
 * Return: 0 or a negative errno; ipcbox_pair_put() in any case
 */
int ipcbox_pair_make(struct ipcbox_pair *pair, bool both_ways,
		     const bool nonblock[2])
{
	int ret;

	ret = ipcbox_pair_port(pair, 0);
	if (!ret && both_ways)
		ret = ipcbox_pair_port(pair, 1);
	if (!ret)
		ret = ipcbox_pair_file(pair, 0, IPCBOX_RIGHT_RECV |
				       IPCBOX_RIGHT_MANAGE, nonblock[0]);
	if (!ret)
		ret = ipcbox_pair_file(pair, 1, IPCBOX_RIGHT_SEND |
				       IPCBOX_RIGHT_MANAGE, nonblock[1]);
	return ret;
}

/**
 * ipcbox_pair_link() - put the ports into their box
 * @pair: pair from ipcbox_pair_make()
 *
 * Return: 0, or -EIDRM if the box is gone
 */
int ipcbox_pair_link(struct ipcbox_pair *pair)
{
	struct ipcbox_port *existing;
	int i, ret = 0;

	for (i = 0; i < 2 && pair->ports[i] && !ret; i++)
		ret = ipcbox_box_link(pair->box, pair->ports[i], &existing);
	return ret;
}

/* The ids of the ports, 0 for one that there is not. */
void ipcbox_pair_ids(const struct ipcbox_pair *pair, __u64 ids[2])
{
	int i;

	for (i = 0; i < 2; i++)
		ids[i] = pair->ports[i] ? pair->ports[i]->id : 0;
}

/* The end is the caller's now. */
struct file *ipcbox_pair_take(struct ipcbox_pair *pair, int end)
{
	struct file *file = pair->files[end];

	pair->files[end] = NULL;
	return file;
}

/* Ends that nobody has taken are closed, which the other one learns. */
void ipcbox_pair_put(struct ipcbox_pair *pair)
{
	int i;

	for (i = 0; i < 2; i++) {
		if (pair->files[i])
			fput(pair->files[i]);
		if (pair->ports[i])
			ipcbox_port_put(pair->ports[i]);
	}
}
