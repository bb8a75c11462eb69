/*
 * gateway - the whole gateway as one pure core: session, trust results, campaigns, windows, vehicle, flashing, reports.
 *
 * Five doors. Inputs are the gateway_* functions below that take now_us (CLOCK_BOOTTIME); after each the driver pops
 * outputs until there is none, then arms its timer for gateway_deadline(). gatewayd/io carries the outputs out; the
 * scenario suite does the same in simulated time.
 *
 * Durability: all that one input changed is one transaction (GATEWAY_OUT_STORE, popped first). Outputs that must not
 * happen before it is durable are held back by the core until gateway_stored() names their transaction.
 *
 * Memory: the struct is large (more than 1 MiB); allocate it once. Documents given to inputs are copied.
 */
#ifndef GATEWAYD_CORE_GATEWAY_H
#define GATEWAYD_CORE_GATEWAY_H

#include "gatewayd/core/gateway_output.h"
#include "gatewayd/core/parking.h"
#include "gatewayd/core/types.h"
#include "gatewayd/core/inquiry.h"
#include "gatewayd/core/mode.h"
#include "gatewayd/core/power.h"
#include "gatewayd/core/report_queue.h"
#include "gatewayd/core/session.h"
#include "gatewayd/core/vehicle.h"

struct gateway_config {
	char vehicle_id[GATEWAY_NAME_BYTES];
	struct {
		char name[GATEWAY_NAME_BYTES];
		char bus[GATEWAY_NAME_BYTES];
		uint32_t bitrate;      /* of the bus; 0 = not known */
		uint32_t data_bitrate; /* 0 = the same */
	} ecus[GATEWAY_MAX_ECUS];
	uint8_t n_ecus;
	struct session_config session;
	struct vehicle_config vehicle;
	struct power_config power;
	uint32_t postpone_s;    /* proposed delay while the ignition is on; 60..604800 */
	uint8_t max_attempts;   /* flashes of one ECU in one campaign, 1..20 */
	uint32_t retry_pause_s; /* between attempts */
	/* how long in all the driver may postpone a campaign; 0 = not at all */
	uint32_t postpone_max_s[URGENCY_CRITICAL + 1u];
	/* how long before the first erase its loss of service is announced; 0 = not before */
	uint32_t service_notice_s;
	uint64_t build_unix_s; /* floor of trusted time */
	struct zone zone;      /* where the vehicle lives; not known: UTC */
	uint8_t queue_id[16];  /* random, made when the database is */
	uint32_t poll_s;       /* between checks for client-initiated updates; 0 = 3600; at most 604800 */
	bool wake_to_check;    /* a gateway that sleeps is woken for them, too */
	uint64_t random;       /* for the jitter of the checks, drawn at each start */
};

/* one ECU of one campaign: what is durable, and what D-Bus shows */
struct target {
	struct target_doc doc;
	uint8_t ecu;       /* index in the inventory */
	uint8_t component; /* index in the campaign's manifest */
	enum target_state state;
	enum flash_step_kind step;
	uint8_t step_index;
	uint8_t unit;
	uint8_t attempts;
	/* intent of the first erase was stored; false again once it boots an application; of a FAILED target: the ECU
	 * was changed all the same */
	bool erased;
	unsigned code;
	uint8_t nrc;
	char text[GATEWAY_TEXT_BYTES];
	char old_version[FLASH_VERSION_BYTES];
	char new_version[FLASH_VERSION_BYTES];
	uint64_t bytes_done; /* not durable */
	uint64_t bytes_total;
	uint64_t payload_bytes;
	uint64_t duration_ms;
	uint64_t transfer_ms;
	uint64_t estimate_ms;       /* what its flash is expected to take, 0 = not known */
	enum profile_supply supply; /* of its flash profile, known once prepared; not durable */
	uint64_t flash_started_us;  /* not durable */
	bool running;               /* handed to the flasher and not yet back */
	/* private, not durable */
	uint64_t plain_estimate_ms; /* before it was corrected by what was measured */
	bool answered;              /* its result came in this run */
	uint8_t n_lost;             /* attempts in a row that its bus ended */
	bool intent_first;          /* its mark as erased is of this run's intent */
	enum target_state before_intent;
	uint64_t intent_txn;  /* INTENT_STORED waits for it; 0 = none wanted */
	uint64_t progress_us; /* when progress was last told */
};

/* what a campaign asks of the driver, one at a time */
enum campaign_work {
	CAMPAIGN_WORK_NONE,
	CAMPAIGN_WORK_FETCH_MANIFEST,
	CAMPAIGN_WORK_OPEN_MANIFEST,
	CAMPAIGN_WORK_SPACE,
	CAMPAIGN_WORK_FETCH,
	CAMPAIGN_WORK_PREPARE,
};

enum answer_kind { ANSWER_NONE = 0, ANSWER_ACCEPT, ANSWER_POSTPONE, ANSWER_DECLINE };

/* A row's durable part is all that is not marked otherwise. State CAMPAIGN_NONE and dirty: delete the row of doc.id. */
struct campaign {
	struct campaign_doc doc;
	struct manifest_doc manifest;
	bool has_manifest;
	enum campaign_state state;
	unsigned code; /* why it waits, or failed */
	char text[GATEWAY_TEXT_BYTES];
	uint64_t director_version;
	enum answer_kind answer;
	uint64_t proposed_start_unix_s;
	bool confirmed;
	uint64_t confirmed_start_unix_s;
	bool triggered; /* the backend said: now */
	bool consent_given;
	uint64_t accepted_unix_s;
	uint64_t started_unix_s;           /* when its flash began first; 0 = not yet, or time was not trusted */
	uint64_t ended_unix_s;             /* when it came to its final state */
	uint64_t driver_start_unix_s;      /* the driver wants it not before; 0 = said nothing */
	unsigned end_code;                 /* of cancel_wanted: who wants it; OK: the backend */
	char end_text[GATEWAY_TEXT_BYTES]; /* and why */
	struct service_loss service;       /* as it was told last */
	bool unheard;                      /* its run began while nothing was heard of the vehicle */
	uint8_t n_wakes;                   /* how often its vehicle's network was asked to wake, see install_wake.h */
	uint64_t wakes_of_unix_s;          /* for what begins then */
	struct target targets[GATEWAY_MAX_TARGETS];
	uint8_t n_targets;
	uint64_t bytes_total; /* of all files to be fetched */
	uint64_t bytes_held;
	uint64_t retry_us;    /* not durable */
	bool prepared;        /* files decoded and checked since the start; not durable */
	bool fetching;        /* not durable */
	bool cancel_wanted;   /* it vanished or is superseded */
	unsigned answer_code; /* POSTPONED_*, or why it was declined */
	/* private, not durable */
	uint64_t notice_until_us; /* its loss of service is announced until then; 0 = it is not */
	bool notice_anew;         /* and is to be told with that time */
	/* what was announced before the start is not called off before, while it is not known whether it begins */
	uint64_t notice_resume_us;
	uint64_t run_ended_us;  /* its last run; 0 = none since the start */
	uint64_t wake_until_us; /* its vehicle's network is kept awake until then, to hear its signals; 0 = it is not */
	uint64_t wake_heard_us; /* when all its signals were known then; 0 = they are not */
	uint64_t wake_again_us; /* it is not asked again before */
	enum campaign_work work;
	bool work_asked; /* its output was popped */
	bool manifest_held;
	bool space_known;
	bool files_held;
	uint16_t file_next;    /* place in the list of files, see campaign_work_file() */
	uint64_t file_base;    /* bytes of the files before it */
	uint8_t file_failures; /* of this file, for good */
	uint64_t progress_us;  /* when progress was last told */
	bool vanished;         /* from the director document */
	bool window_judged;    /* its windows were looked at: one is long enough */
	struct window_view view;
	uint64_t forecast_us; /* POSTPONED_DRIVE: when its hours are looked at again */
	bool wanted_now;      /* by the driver, whatever hours are learned */
	bool answer_due;
	uint64_t answer_version; /* of the director document whose terms count */
	bool release_due;
	bool flash_due;
	bool stop_asked;                                     /* STOP_FLASH was given in this run */
	uint32_t stopped;                                    /* targets of this run for which alone it was */
	uint32_t power_asked;                                /* holds (mask) for which it waits with its installation */
	struct rxswin_doc rxswin_before[GATEWAY_MAX_RXSWIN]; /* of the vehicle, until it was done; not durable */
	uint8_t n_rxswin_before;
	uint8_t n_stops;      /* such runs, since an ECU was last verified */
	bool read_back;       /* VERIFYING: the identification that runs began after the flash */
	uint64_t last_report; /* its slot is freed when this is acknowledged */
	uint64_t hold_txn;    /* outputs about it wait until this is durable */
	bool mode_wrong;      /* the modes changed: declined as soon as it is not running */
	unsigned told_code;   /* why it does not go on, as was reported last */
	char told_text[GATEWAY_TEXT_BYTES];
	uint64_t told_us; /* and when; 0 = no reason was */
	uint64_t tell_us; /* when the next such report may go, 0 = none waits */
};

#define GATEWAY_MAX_OUTPUTS      128u
#define GATEWAY_FOREIGN_QUIET_US 60000000u /* without requests of another tester, before we try again */
#define GATEWAY_CLOCKS_DIFFER_S  60u       /* clocks that are right: those of several backends, and ours as it drifts */

struct gateway {
	struct gateway_config config;
	struct session session;
	struct vehicle vehicle;
	struct power power; /* power_used() of it is durable */
	struct report_queue reports;
	struct mode_table modes; /* fixed at registration; durable */
	struct inquiry inquiry;
	struct ecu_info ecus[GATEWAY_MAX_ECUS];
	struct campaign campaigns[GATEWAY_MAX_CAMPAIGNS]; /* state CAMPAIGN_NONE: free */
	uint64_t director_version;
	uint8_t director_sha256[32];
	bool inventory_known; /* every ECU was asked since the start */
	bool identifying;
	bool flashing;
	bool stop_wanted;
	bool diagnostics_wanted; /* another tester asked for the buses */
	bool diagnostics_locked; /* and has them: nothing of ours is on them */
	/* time: trusted unix = now_us + offset */
	bool time_trusted;
	uint64_t time_unix_ms; /* at time_at_us */
	uint64_t time_at_us;
	uint64_t time_floor_unix_s;
	struct parking parking;                       /* durable */
	struct rxswin_doc rxswin[GATEWAY_MAX_RXSWIN]; /* of the vehicle, as its releases set them */
	uint8_t n_rxswin;
	uint64_t register_txn; /* once it is durable the vehicle is registered anew; 0 = none */
	uint64_t txn_next;
	uint64_t txn_durable;
	bool restored;
	struct gateway_dirty dirty;
	struct gateway_output outputs[GATEWAY_MAX_OUTPUTS];
	uint16_t output_head;
	uint16_t output_n;
	uint64_t deadline_us;
	/* private */
	uint64_t floor_us;        /* when the floor is stored again */
	bool parking_learned;     /* since it was stored */
	uint64_t parking_keep_us; /* it is not stored before */
	bool vehicle_used_known;
	bool vehicle_used;        /* its ignition is not off, as last known */
	uint64_t vehicle_used_us; /* since when */
	bool vehicle_used_told;   /* and parking was told of it */
	bool identify_due;
	bool identify_again;  /* once nothing is flashed or identified */
	uint64_t identify_us; /* after an ECU was absent */
	uint8_t n_in_vain;    /* identifications, since the last that brought news */
	bool vehicle_heard;   /* as inventory.c saw it last */
	bool vehicle_in_use;
	uint64_t asked_us;     /* when the last identification began */
	bool ignition_was_off; /* and has not been switched on since */
	bool ignition_was_known;
	bool woke;          /* it was, while the ECUs are being identified */
	uint32_t not_asked; /* bit per ECU: the last identification could not ask it */
	bool gave_way;      /* that was for another tester's sake */
	/* hardware id and serial number that an erased ECU told last, and that are not its own; "" = it did not */
	char doubtful[GATEWAY_MAX_ECUS][2 * FLASH_VERSION_BYTES];
	bool bus_came_up;       /* while the ECUs are being identified */
	bool inventory_changed; /* while it is being identified */
	bool stop_flash_due;
	uint32_t stop_targets; /* those alone; 0 = all */
	bool cancel_fetch_due;
	uint8_t slots_wanted; /* a document did not fit: ask for it again when so many are free */
	uint32_t added;       /* bit per campaign */
	uint32_t changed;     /* bit per campaign */
	uint32_t changed_ecus;
	bool changed_manager;
	uint64_t checks_us[3]; /* when a check was asked for last, the newest first; 0 = never */
	uint32_t logs_dropped; /* a driver that does not pop loses messages, nothing else */
	unsigned offline_code; /* told already */
	unsigned refused_code; /* the last document that was refused, told already */
	char refused_text[GATEWAY_TEXT_BYTES];
	uint64_t reports_txn[2];  /* the transactions in flight that carry reports; 0 = none */
	uint64_t reports_upto[2]; /* and the last report of each */
	struct {
		unsigned code;
		char text[GATEWAY_TEXT_BYTES];
	} lost[GATEWAY_MAX_CAMPAIGNS]; /* campaigns that could not be restored, until they are told */
	uint8_t n_lost;
	bool rows_lost; /* such rows stay until a newer document; which files they need is not known */
};

void gateway_init(struct gateway *self, const struct gateway_config *config);

/* --- restoring, before gateway_start(); from the database, in this order */
void gateway_restore_time(struct gateway *self, uint64_t floor_unix_s);
/* what was used of the budget of power */
void gateway_restore_power(struct gateway *self, const struct power_used *used);
void gateway_restore_parking(struct gateway *self, const struct parking *parking);
/* the modes that were fixed last: they count without a connection, too */
void gateway_restore_modes(struct gateway *self, const struct mode_table *modes);
void gateway_restore_ecu(struct gateway *self, const struct ecu_info *ecu);
/* @sha256: all zero if it is not known any more: a document of that version is then taken whatever its content */
void gateway_restore_director(struct gateway *self, uint64_t version, const uint8_t sha256[32]);
/* a whole row with its targets, in any order; doc and manifest filled from the stored documents */
void gateway_restore_campaign(struct gateway *self, const struct campaign *campaign);
/* a row whose director document cannot be read: it stays where it is. Told and reported by gateway_start() */
void gateway_restore_lost(struct gateway *self, const char *campaign_id, unsigned code, const char *text);
void gateway_restore_rxswin(struct gateway *self, const struct rxswin_doc *rxswin);
/* in rising order */
void gateway_restore_report(struct gateway *self, const struct report *report);
/* what such a report says of it; in the order in which the numbers were told */
void gateway_restore_report_rxswin(struct gateway *self, uint64_t sequence, bool after,
				   const struct rxswin_doc *rxswin);
/* @next_sequence: one above the highest number ever used */
void gateway_restore_reports_end(struct gateway *self, uint64_t next_sequence);
void gateway_start(struct gateway *self, uint64_t now_us);

/* --- the backend */
void gateway_connected(struct gateway *self, uint64_t now_us);
/* @random: for the back-off's jitter; @code: gateway_code */
void gateway_disconnected(struct gateway *self, uint64_t now_us, unsigned code, const char *text, uint32_t random);
/**
 * gateway_time() - the answer to GATEWAY_OUT_SEND_TIME_REQUEST
 * @unix_ms: verified signed time, as the backend said
 * @code:    not 0: it was refused
 *
 * A time behind the floor by more than the wait for it and GATEWAY_CLOCKS_DIFFER_S is refused, and no time is trusted
 * from then on until one that is not: the floor stands still meanwhile. One behind it by less counts as the floor.
 */
void gateway_time(struct gateway *self, uint64_t now_us, uint64_t unix_ms, unsigned code);
struct gateway_registration {
	bool accepted;
	const char *reason; /* of a refusal */
	uint32_t heartbeat_s;
	const struct mode_table *modes; /* copied; NULL or empty: those of the last registration stay */
	uint32_t poll_s;                /* 0 = as configured */
	bool knows_modes;               /* the backend has the feature modes-1 */
};
void gateway_register_result(struct gateway *self, uint64_t now_us, const struct gateway_registration *result);
/* nothing is newer; @poll_s: when to ask again, 0 = as registered */
void gateway_check_result(struct gateway *self, uint64_t now_us, uint32_t poll_s);
void gateway_notice(struct gateway *self, uint64_t now_us, const char *campaign_id, enum urgency urgency,
		    uint64_t director_version);
void gateway_trigger(struct gateway *self, uint64_t now_us, const char *campaign_id, uint64_t director_version);
void gateway_heartbeat(struct gateway *self, uint64_t now_us, uint64_t counter);
/* a director document whose signatures, version and fields were verified by gatewayd/io */
void gateway_director(struct gateway *self, uint64_t now_us, const struct director_doc *doc, const uint8_t sha256[32]);
/* a document was refused: logged and reported */
void gateway_document_refused(struct gateway *self, uint64_t now_us, unsigned code, const char *text);
void gateway_confirm(struct gateway *self, uint64_t now_us, const char *campaign_id, uint64_t director_version,
		     uint64_t start_unix_s);
void gateway_report_ack(struct gateway *self, uint64_t now_us, uint64_t sequence);

/* --- results of outputs */
void gateway_stored(struct gateway *self, uint64_t now_us, uint64_t txn);
void gateway_space(struct gateway *self, uint64_t now_us, uint8_t campaign, bool enough, const char *text);
/* @bytes_held: of the file that is being fetched */
void gateway_blob_progress(struct gateway *self, uint64_t now_us, uint8_t campaign, uint64_t bytes_held);
/* a file is in the store (code 0) or could not be fetched for good or for now */
void gateway_blob(struct gateway *self, uint64_t now_us, uint8_t campaign, const uint8_t sha256[32], unsigned code,
		  const char *text);
void gateway_manifest(struct gateway *self, uint64_t now_us, uint8_t campaign, const struct manifest_doc *manifest,
		      unsigned code, const char *text);
/* @estimate_ms, @bytes_total, @supply: one per target of the campaign */
void gateway_prepared(struct gateway *self, uint64_t now_us, uint8_t campaign, unsigned code, const char *text,
		      const uint64_t *estimate_ms, const uint64_t *bytes_total, const enum profile_supply *supply);
/* @identity: an empty hardware id or serial number means that it was not told, and does not replace a known one */
void gateway_identity(struct gateway *self, uint64_t now_us, uint8_t ecu, bool present,
		      const struct flash_identity *identity);
/* instead of gateway_identity(): the ECU could not be asked. It is as present as before, and asked again: for another
 * tester's sake (@gave_way) a minute later; if no frame could be sent, as one that did not answer, or as the bus comes
 * up */
void gateway_not_identified(struct gateway *self, uint64_t now_us, uint8_t ecu, bool gave_way);
void gateway_identified(struct gateway *self, uint64_t now_us);
/* a bus that was not there is: ECUs that are absent, or were never asked, are asked soon, and attempts that a bus ended
 * are repeated soon */
void gateway_bus_up(struct gateway *self, uint64_t now_us);
/* another tester was heard on that bus: what gave way to one there waits until it was quiet for
 * GATEWAY_FOREIGN_QUIET_US. May come with each of its frames; changes nothing else. */
void gateway_foreign_tester(struct gateway *self, uint64_t now_us, const char *bus);
void gateway_flash_step(struct gateway *self, uint64_t now_us, uint8_t campaign, uint8_t target,
			enum flash_step_kind step, uint8_t step_index, uint8_t unit);
void gateway_flash_progress(struct gateway *self, uint64_t now_us, uint8_t campaign, uint8_t target,
			    uint64_t bytes_done, uint64_t bytes_total);
void gateway_flash_intent(struct gateway *self, uint64_t now_us, uint8_t campaign, uint8_t target, uint8_t step_index,
			  uint8_t unit);
void gateway_flash_result(struct gateway *self, uint64_t now_us, uint8_t campaign, uint8_t target,
			  const struct flash_result *result);
/* all buses of GATEWAY_OUT_FLASH are loud again; or the buses could not be used: code, for targets without a result */
void gateway_flash_finished(struct gateway *self, uint64_t now_us, uint8_t campaign, unsigned code);

/* --- the vehicle and its people */
void gateway_signal(struct gateway *self, uint64_t now_us, enum vehicle_signal signal, double value);
/* Return: 0, or a gateway_code: no such campaign, not in a state for it, or MANIFEST_NOT_READ of a yes */
unsigned gateway_consent(struct gateway *self, uint64_t now_us, const char *campaign_id, bool given);
/*
 * --- the operator and the driver (operator.c). Return: 0, or why it is refused: NO_SUCH_CAMPAIGN, WRONG_STATE,
 * POINT_OF_NO_RETURN, or what is said beside the function. Each that is carried out is durable and reported.
 */
/* consent where it is asked for, and what the driver postponed, or we did to a quiet time, may begin now; WRONG_STATE
 * if nothing waits for it, MANIFEST_NOT_READ while nobody can say what it would be given for */
unsigned gateway_approve(struct gateway *self, uint64_t now_us, const char *campaign_id);
/**
 * gateway_postpone() - not before @start_unix_s
 * @latest_unix_s: filled with the latest time that is taken, 0 = none is
 *
 * How often does not matter; how long in all, counted from the acceptance, is fixed per urgency, and window and
 * use_before bound it. Return: also WAITING_TIME without trusted time, INVALID if the time is not to come,
 * POSTPONE_LIMIT, MANIFEST_NOT_READ.
 */
unsigned gateway_postpone(struct gateway *self, uint64_t now_us, const char *campaign_id, uint64_t start_unix_s,
			  uint64_t *latest_unix_s);
/* the latest time that gateway_postpone() takes now; 0 = none */
uint64_t gateway_postpone_latest(const struct gateway *self, const struct campaign *campaign, uint64_t now_us);
/* @reason: words, "" or NULL = none. Declined is declined until the director document says something else of it */
unsigned gateway_decline(struct gateway *self, uint64_t now_us, const char *campaign_id, const char *reason);
unsigned gateway_cancel(struct gateway *self, uint64_t now_us, const char *campaign_id, const char *reason);
/* the backend is asked now for what is new. Return: 0 or RATE_LIMITED, with the seconds to wait in @wait_s */
unsigned gateway_check_now(struct gateway *self, uint64_t now_us, uint32_t *wait_s);
/**
 * gateway_lock_diagnostics() - another tester wants the diagnostic buses, or wants them no more
 * @text: GATEWAY_TEXT_BYTES, filled if it is refused
 *
 * Granted once gateway.diagnostics_locked is true: what is not erased gives way, an ECU that is erased is finished
 * first. Return: also DIAGNOSTICS_BUSY: an ECU is erased and waits for something that may take long.
 */
unsigned gateway_lock_diagnostics(struct gateway *self, uint64_t now_us, bool wanted, char *text);
/* the service is being stopped: nothing new begins, what is flashed comes to a safe point, then it is idle */
void gateway_stop(struct gateway *self, uint64_t now_us);
/**
 * gateway_reconfigure() - the configuration was read again: what of it counts from now on
 * @config:   of which the policy alone is taken: postpone_s, postpone_max_s, service_notice_s, max_attempts,
 *            retry_pause_s, poll_s, wake_to_check, the budget of power
 * @profiles: profiles with which ECUs are identified are others; all ECUs are asked again, and campaigns are prepared
 *            again, but for a flash under way
 */
void gateway_reconfigure(struct gateway *self, uint64_t now_us, const struct gateway_config *config, bool profiles);
/* nothing is being flashed and everything is stored */
bool gateway_idle(const struct gateway *self);

void gateway_expire(struct gateway *self, uint64_t now_us);
uint64_t gateway_deadline(const struct gateway *self);
bool gateway_pop_output(struct gateway *self, struct gateway_output *output);

/* --- reading: for io's transactions and for D-Bus */
/**
 * gateway_service_loss() - the campaign whose loss of service counts now: lost before announced before what is over
 * Return: index, -1 if there was none
 */
int gateway_service_loss(const struct gateway *self);
/* a function that the campaign's update costs, each once; NULL at the end. @index: 0, 1, … */
const char *gateway_function_lost(const struct campaign *campaign, size_t index);
/* trusted unix milliseconds, 0 if not trusted */
uint64_t gateway_unix_ms(const struct gateway *self, uint64_t now_us);
/* how long the flash under way will take, as estimated: 0 if there is none, else at least 1 */
uint32_t gateway_remaining_s(const struct gateway *self, uint64_t now_us);
/**
 * gateway_wake_us() - when the gateway wants to be awake again, should it sleep: a window opens, an agreed time comes,
 * what failed is due to be repeated, or (config.wake_to_check) the next check is
 *
 * Return: CLOCK_BOOTTIME, GATEWAY_NEVER
 */
uint64_t gateway_wake_us(const struct gateway *self, uint64_t now_us);
const struct report *gateway_report(const struct gateway *self, uint64_t sequence);
/* what the report of a campaign that is done says of the vehicle's RXSWIN; NULL: nothing */
const struct report_rxswin *gateway_report_rxswin(const struct gateway *self, uint64_t sequence);
/* index of a campaign by id, -1 */
int gateway_campaign_index(const struct gateway *self, const char *id);
/**
 * gateway_recovers() - whether a flash of the target is the recovery of an ECU that may have no valid application
 *
 * True once this campaign has begun to erase it, and where an earlier one did and gave up.
 */
bool gateway_recovers(const struct gateway *self, uint8_t campaign, uint8_t target);
/**
 * gateway_at_risk() - whether the ECU is erased and being brought to its end, now or with an attempt that follows soon
 *
 * While it is true the gateway should neither be switched off nor sleep. False for an ECU that waits for the vehicle or
 * has failed as often as is allowed: that may last for hours, and its flash goes on whenever the gateway is there.
 */
bool gateway_at_risk(const struct gateway *self, uint8_t ecu);
/**
 * gateway_serial_number() - the serial number that an ECU has to tell to be the target's
 *
 * What the campaign names, else the one in the inventory: another would mean that the ECU was replaced.
 * Return: "" = any
 */
const char *gateway_serial_number(const struct gateway *self, uint8_t campaign, uint8_t target);
/**
 * campaign_file() - the files that a campaign's installation needs, each once: profiles, images, rollback images
 * @index: 0, 1, … until it returns false; the manifest is not among them
 */
bool campaign_file(const struct campaign *campaign, size_t index, struct file_ref *file);
/**
 * gateway_needs_file() - whether a file of the store, whole or partial, has to stay
 *
 * Those of campaigns that are not over, and those that the ECUs run: an ECU is gone back to without the network.
 */
bool gateway_needs_file(const struct gateway *self, const uint8_t sha256[32]);

#endif
