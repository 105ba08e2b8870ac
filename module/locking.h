/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Locks, lifetimes, and what guards which field
 *
 * This file holds no code. It is the one place that says how the parts of
 * ipcbox exclude each other; the code asserts it with lockdep.
 *
 * Lock order, outermost first; a lock is taken only while holding locks above
 * it in its own branch:
 *
 *	box->lock			rwsem, sleeps
 *	|-- broadcast->lock		mutex
 *	|   |-- queue->lock		of the port or a subscriber, one at a time
 *	|   `-- queue->poll.lock	likewise
 *	|-- queue->lock			spinlock
 *	|   |-- pid->wait_pidfd.lock	to watch a process that holds messages
 *	|   |-- ipcbox_loans_lock	to lend a nice value, and take it back; also
 *	|   |   |			taken with no other lock of ours held
 *	|   |   `-- rq->lock		of the core kernel
 *	|   `-- workqueue internals	to set the time when a lease expires
 *	`-- pid->wait_pidfd.lock	spinlock, of the core kernel
 *
 *	mmap_lock			of a process, held by the core kernel
 *	`-- ring->lock			around the callbacks of a mapping
 *
 *	ring->lock			spinlock, of a ring port, in no other of ours
 *					but box->lock, to tell of the port
 *	ring->wait.lock			likewise
 *
 *	ipcbox_users_lock		taken with no other lock of ours held
 *
 *	queue->poll.lock		taken with no other spinlock of ours held
 *
 *	tasklist_lock			held by the core kernel around an exit
 *	`-- pid->wait_pidfd.lock	around ipcbox_watch_notify(), which
 *	    |				takes no lock of ours, and the wake-up of
 *	    |				those who receive from one process
 *	    `-- workqueue internals
 *
 *	pinned->lock			mutex, taken with no other lock held
 *	`-- mm->mmap_lock		tried only: of a caller that waits, to pin the
 *					place of a reply
 *
 * With PREEMPT_RT all of these sleep, tasklist_lock too; the callback below it
 * is as good there, since the locks of the workqueue are raw ones.
 *
 * No lock is held over a page fault of a user's memory, so one that never
 * ends (userfaultfd, FUSE) stops one thread and no other. No port holds the
 * lock of another port.
 *
 * What guards what:
 *
 *	box->{by_id,by_name,inboxes,ports,dead}	box->lock
 *	port->{linked,mode,uid,gid}		box->lock
 *	port->owner.watched			box->lock
 *	port->charged				who unlinks the port, or frees it
 *	port->{handles,senders,receivers,pair}	port->queue.lock
 *	port->leases.expiry			port->queue.lock
 *	port->dead_letter			port->queue.lock
 *	port->ends.{readers,writers}_came	port->queue.lock; also read without it
 *	port->ends.shut				port->queue.lock
 *	everything in struct ipcbox_broadcast,
 *		subscriber->{node,lost}		broadcast->lock
 *	handle->holders, holder->{node,held}	port->queue.lock
 *	holder->watch.watched			who makes the holder, then who
 *						takes it from handle->holders
 *	ring->{lanes,dead,sent,received},
 *		lane->{node,id,
 *		sides,maps}			ring->lock
 *	what is in lane->memory			nobody: it is shared with user space,
 *						and read once
 *	everything in struct ipcbox_queue	queue->lock
 *	everything in struct ipcbox_news, and of its events
 *		node, seq, state, sender_* and data	lock of the queue that the
 *						handle receives from; but the
 *						payload is of who has taken it
 *	handle->news				likewise; also read without it,
 *						and constant once it is set
 *	message->{node,tree,returned,by_sender,seq,state,sender,holder,
 *		expiry,expired,loan,delivered,charged,
 *		deliveries,			queue->lock, from
 *		earlier,id,dead_letter,fds,read} ipcbox_queue_send() on; between two
 *						queues, who moves it
 *	waiter->{node,by_type,seq,msg}		queue->lock, until waiter->result
 *						is set; then the waiting thread
 *	waiter->result				written under queue->lock with
 *						release, read with acquire
 *	ipcbox_loans, and all but the task
 *		in struct ipcbox_loan		ipcbox_loans_lock
 *	ipcbox_users, user->refs		ipcbox_users_lock
 *	user->{ports,bytes,fds}			atomic
 *	fds->charged				queue->lock, then who drops the last
 *						reference; that of copies: the latter
 *
 * All other fields are set before an object is shared, and never change.
 *
 * Lifetimes:
 *
 *	object		a reference is held by
 *	box		its network namespace, each open /dev/ipcbox, each port
 *	port		its box while linked, each handle, each listing of it,
 *			each holder, its owner watch, a queued owner->work, an
 *			armed leases->work, each port whose dead-letter port it
 *			is (until that is deleted), a message that moves to it
 *	handle		its struct file
 *	lane		its ring's list, each mapping, who attaches to it
 *	subscriber	its handle, alone
 *	news		its handle, each single event of it
 *	event		a standing one: its news. A single one: the message that it
 *			is about; then the list of its news; then who takes it
 *	holder		its handle's list, which its watch shares; a queued
 *			watch->work
 *	message		whoever it belongs to: the sender until it is sent, the
 *			queue, the receiver that took it, the holder; and each
 *			peeker; and a caller, until it has its answer; and each
 *			copy that shares its payload
 *	fds		each message that has it, or what drops it from a line; a
 *			receiver of such a message; an answer, and a landing
 *	waiter		the stack of the waiting thread
 *	pinned		its message; as a place: the call, and who replies to it
 *	end		the pair that it was made in; from the answer that carries
 *			it, who has asked
 *	loan		each held request that it was made for, and who is about to
 *			hold one; it holds its thread
 *	user		each handle, each port; queued bytes keep it as well
 *	module		each open file (file_operations.owner)
 *
 * Teardown of a port has two phases. ipcbox_port_delete() unlinks it from its
 * box, after which nobody can find it, and kills its queue, after which every
 * operation on it fails with EIDRM and nobody waits in it. The memory goes with
 * the last reference. Between the two, these still hold references: open
 * handles; receivers between take and settle, and holders, through their
 * handle; the work after the exit of its owner or of a holder; the work of its
 * leases, if it runs just then. At module exit there are no handles (each pins
 * the module), and destroying the workqueue waits for the rest.
 *
 * Held messages survive the deletion of their port: they go with their holder.
 * So do news that have not been received: they go with their handle.
 */
