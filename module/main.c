// SPDX-License-Identifier: GPL-2.0-only
/* ipcbox: loading and unloading */

#include <linux/init.h>
#include <linux/module.h>

#include "box.h"
#include "control.h"
#include "message.h"
#include "proc.h"
#include "quota.h"
#include "watch.h"

static int __init ipcbox_init(void)
{
	int ret;

	ret = ipcbox_message_init();
	if (ret)
		return ret;
	ret = ipcbox_watch_module_init();
	if (ret)
		goto fail_message;
	ret = ipcbox_box_module_init();
	if (ret)
		goto fail_watch;
	ret = ipcbox_proc_init();
	if (ret)
		goto fail_box;
	ret = ipcbox_control_init();
	if (ret)
		goto fail_proc;
	return 0;

fail_proc:
	ipcbox_proc_exit();
fail_box:
	ipcbox_box_module_exit();
fail_watch:
	ipcbox_watch_module_exit();
fail_message:
	ipcbox_message_exit();
	return ret;
}

static void __exit ipcbox_exit(void)
{
	ipcbox_control_exit();
	ipcbox_proc_exit();
	ipcbox_box_module_exit();
	ipcbox_watch_module_exit();
	ipcbox_quota_exit();
	ipcbox_message_exit();
}

module_init(ipcbox_init);
module_exit(ipcbox_exit);

MODULE_DESCRIPTION("Mailbox IPC through /dev/ipcbox");
MODULE_AUTHOR("The ipcbox developers");
MODULE_LICENSE("GPL");
MODULE_VERSION("0.1");
