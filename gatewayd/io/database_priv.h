/*
 * database_priv - shared by database.c (writer thread), database_write.c (rows out) and database_restore.c (rows in).
 */
#ifndef GATEWAYD_IO_DATABASE_PRIV_H
#define GATEWAYD_IO_DATABASE_PRIV_H

#include <sqlite3.h>
#include "gatewayd/io/database.h"

/* what one GATEWAY_OUT_STORE changes, copied on the loop, written by the thread */
struct transaction {
	struct transaction *next;
	uint64_t number;
	struct gateway_dirty dirty;
	uint64_t director_version;
	uint8_t director_sha256[32];
	uint8_t *director;
	size_t n_director;
	uint64_t time_floor_unix_s;
	uint8_t parking[PARKING_ENCODED_BYTES];
	struct power_used power;
	uint64_t next_sequence;
	struct rxswin_doc rxswin[GATEWAY_MAX_RXSWIN];
	uint8_t n_rxswin;
	struct ecu_info ecus[GATEWAY_MAX_ECUS];
	struct mode_table modes;                                  /* if dirty */
	struct campaign *campaigns[GATEWAY_MAX_CAMPAIGNS];        /* of the dirty ones that live */
	char live[2 * GATEWAY_MAX_CAMPAIGNS][GATEWAY_NAME_BYTES]; /* rows that stay: those held, and those lost */
	uint8_t n_live;
	struct report *reports;
	size_t n_reports;
	struct report_rxswin report_rxswin[REPORT_RXSWIN_MAX]; /* of all reports held; if there are reports */
	uint64_t held[REPORT_QUEUE_MAX];                       /* numbers of all reports held, if the queue is full */
	size_t n_held;
};

struct database {
	uv_loop_t *loop;
	struct database_callbacks callbacks;
	sqlite3 *db; /* the thread's, once it runs */
	uint8_t queue_id[16];
	/* rows that could not be read: another program, or half of an A/B pair, may. They stay until the director
	 * document is a newer one, which says what lives. On the loop only. */
	char lost[GATEWAY_MAX_CAMPAIGNS][GATEWAY_NAME_BYTES];
	uint8_t n_lost;
	uint64_t lost_version; /* of the director document held then */
	char failure[256];     /* words of the last failed transaction; the thread's, once it runs */
	uv_thread_t thread;
	bool started;
	uv_mutex_t mutex;
	uv_cond_t cond;
	uv_async_t async;
	/* under the mutex */
	struct transaction *first;
	struct transaction *last;
	uint64_t stored; /* highest number committed */
	bool trouble;
	bool trouble_told;
	bool closing;
	uint64_t began_ns; /* when the transaction at hand was begun to be written; 0 = none is */
	char trouble_text[256];
};

/* Return: 0, or an SQLite code; the caller rolls back */
int database_write(sqlite3 *db, const struct transaction *txn);
void transaction_free(struct transaction *txn);

/* a prepared statement, bound, stepped once and finalized: kinds are 't' text, 'i' uint64_t, 'b' bytes and size_t */
int database_exec(sqlite3 *db, const char *sql, const char *kinds, ...);

/* a column of the row; @out is cut to @n, and "" for NULL */
void database_column_text(sqlite3_stmt *stmt, int column, char *out, size_t n);
uint64_t database_column_u64(sqlite3_stmt *stmt, int column);
/*
 * Has versions of director documents count from 0 if the keys that sign them are others than at the last start. A
 * campaign that stands on a document of those before then has a higher version in its row than the one held, and 0 in
 * memory. Return: 0, or an SQLite code
 */
int database_check_keys(sqlite3 *db, const struct trust *trust);
/* Return: 0, or an SQLite code */
int database_restore_vehicle(sqlite3 *db, struct gateway *gateway);

/* the writer thread; Return: 0 or -errno */
int database_start(struct database *self);

#endif
