/*
 * database - STATE/state.db: what the core must know after a power cut. SQLite, WAL, synchronous=FULL.
 *
 * One writer thread, transactions in order; each GATEWAY_OUT_STORE is copied at once and committed there.
 * Schema versions only add (docs/architecture.md, Durability).
 */
#ifndef GATEWAYD_IO_DATABASE_H
#define GATEWAYD_IO_DATABASE_H

#include <uv.h>
#include "gatewayd/io/blob_store.h"
#include "gatewayd/io/trust.h"

struct database;

struct database_callbacks {
	void *owner;
	void (*on_stored)(void *owner, uint64_t txn); /* on the loop */
	/* the disk is full or broken: the transaction is tried again every second until it succeeds; told once per
	 * change */
	void (*on_trouble)(void *owner, bool trouble, const char *text);
};

/* Return: 0 or -errno, @text says what; a corrupt file is moved aside as state.db.corrupt-TIME, never deleted */
int database_open(uv_loop_t *loop, const char *state_dir, const struct database_callbacks *callbacks,
		  struct database **database, char *text, size_t n_text);

/* random id of this database, made with it: queue_id of reports */
const uint8_t *database_queue_id(const struct database *self);

/* starts the writer thread after it has called the gateway_restore_* functions in order; documents are opened with
 * @trust (without expiry) and @store */
int database_restore(struct database *self, struct gateway *gateway, const struct trust *trust,
		     const struct blob_store *store, const char *vehicle_id, char *text, size_t n_text);

/* director: the envelope whose version the gateway now holds; NULL if output->dirty.director is false */
void database_store(struct database *self, const struct gateway *gateway, const struct gateway_output *output,
		    const uint8_t *director, size_t n_director);

/* how long the writer has been at the transaction at hand, 0 = at none; one tried again begins anew */
uint64_t database_writing_ns(struct database *self);

/* waits for what is queued, then closes */
void database_close(struct database *self);

#endif
