/*
 * ecu_internal - what the files of the virtual ECU's core share; not for anyone else.
 *
 * A service handler gets a request that is allowed in this session. It returns 0 with the positive answer in
 * self->answer, or a negative response code. What takes time sets self->finish_us; what is done at the end, self->then.
 */
#ifndef SIM_ECU_INTERNAL_H
#define SIM_ECU_INTERNAL_H

#include "sim/ecu_core.h"

enum ecu_then { ECU_THEN_NOTHING, ECU_THEN_SESSION, ECU_THEN_RESET, ECU_THEN_ERASED, ECU_THEN_CHECK };

#define ECU_IN_DEFAULT     1u
#define ECU_IN_PROGRAMMING 2u
#define ECU_IN_EXTENDED    4u
#define ECU_IN_ALL         7u
#define ECU_IN_DOWNLOAD    8u /* whatever session erase and download are served in */

/* what is kept of one bank, and where its bytes are */
struct ecu_bank {
	bool *app_valid;
	struct ecu_extents *programmed;
	char *factory_version;
	const struct ecu_region *regions; /* config->n_regions */
};

typedef uint8_t (*ecu_handler)(struct ecu_core *self, uint64_t now_us, const uint8_t *pdu, size_t n);

struct ecu_service {
	uint8_t sid;
	uint8_t sessions;
	bool secured;
	ecu_handler handle;
};

void ecu_want(struct ecu_core *self, enum ecu_output_kind kind);
/* ends what the old session held; entering the same session again does so too */
void ecu_enter_session(struct ecu_core *self, enum uds_session session);
/* at the first level, or there is no security */
bool ecu_is_unlocked(const struct ecu_core *self);
bool ecu_is_unlocked_at(const struct ecu_core *self, uint8_t level);
/* whether erase and download are served in this session */
bool ecu_may_download(const struct ecu_core *self);
/* whether the application may send: also while nothing is due */
bool ecu_app_runs(const struct ecu_core *self);

/* silent by a fault, or in a reset */
bool ecu_is_mute(const struct ecu_core *self, uint64_t now_us);
void ecu_begin_reset(struct ecu_core *self, uint64_t now_us);

/* ecu_server.c */
/* a whole request; @pdu is not needed after the call */
void ecu_server_request(struct ecu_core *self, uint64_t now_us, const uint8_t *pdu, size_t n, bool functional);
/* the work of the request is over, with @nrc or 0 */
void ecu_server_finish(struct ecu_core *self, uint64_t now_us, uint8_t nrc);
/* hands the next answer to the link if it is free */
void ecu_server_flush(struct ecu_core *self, uint64_t now_us);
/* takes the link's events, then flushes */
void ecu_server_drain(struct ecu_core *self, uint64_t now_us);
/* forgets what the link sends and receives */
void ecu_server_drop(struct ecu_core *self);
/* the same, and the request whose answer was on its way is over */
void ecu_server_lose(struct ecu_core *self, uint64_t now_us);
/* S3 stands still while a request comes in, is worked on or is being answered, and starts anew afterwards. */
void ecu_server_restart_s3(struct ecu_core *self, uint64_t now_us);

/* ecu_banks.c */
/* as the power comes on or a reset ends: which bank runs */
void ecu_banks_boot(struct ecu_core *self);
/* the bank that is erased, programmed and checked: the only one, or the one that does not run */
struct ecu_bank ecu_banks_target(struct ecu_core *self);
/* the target is changed: it has no valid application, and is not to be booted */
void ecu_banks_spoil(struct ecu_core *self);
const struct ecu_region *ecu_banks_running_regions(const struct ecu_core *self);
const struct ecu_extents *ecu_banks_running_extents(const struct ecu_core *self);
/* F181 until the first erase, where not empty */
const char *ecu_banks_running_factory_version(const struct ecu_core *self);
/* the routines; Return: 0 or NRC 22 */
uint8_t ecu_banks_switch_over(struct ecu_core *self);
uint8_t ecu_banks_switch_back(struct ecu_core *self);

/* ecu_faults.c */
/* a request of @sid begins: faults that waited for it happen, a reset or silence among them */
void ecu_faults_request(struct ecu_core *self, uint64_t now_us, uint8_t sid);
/* receptions that are held go on */
void ecu_faults_end_wait(struct ecu_core *self, uint64_t now_us);
/* the positive answer to the request at hand is made */
void ecu_faults_answer(struct ecu_core *self);
/* a frame of an answer leaves */
void ecu_faults_frame(struct ecu_core *self, struct can_msg *msg);

/* ecu_dtcs.c */
/* @status 0: failed and confirmed */
void ecu_dtcs_set(struct ecu_core *self, uint32_t code, uint8_t status);
uint8_t ecu_dtcs_clear(struct ecu_core *self, uint64_t now_us, const uint8_t *pdu, size_t n);
uint8_t ecu_dtcs_read(struct ecu_core *self, uint64_t now_us, const uint8_t *pdu, size_t n);
uint8_t ecu_dtcs_setting(struct ecu_core *self, uint64_t now_us, const uint8_t *pdu, size_t n);

/* ecu_services.c */
/* a positive answer that begins with @n_echo bytes of the request behind its service, the sub-function without bit 7 */
void ecu_positive(struct ecu_core *self, const uint8_t *pdu, size_t n_echo);
uint8_t ecu_sub_function(const uint8_t *pdu);
/* NULL if the service is not there */
const struct ecu_service *ecu_services_find(const struct ecu_core *self, uint8_t sid);

/* ecu_security.c */
uint8_t ecu_security_access(struct ecu_core *self, uint64_t now_us, const uint8_t *pdu, size_t n);
uint8_t ecu_security_authentication(struct ecu_core *self, uint64_t now_us, const uint8_t *pdu, size_t n);

/* ecu_data.c */
uint8_t ecu_data_read(struct ecu_core *self, uint64_t now_us, const uint8_t *pdu, size_t n);
uint8_t ecu_data_write(struct ecu_core *self, uint64_t now_us, const uint8_t *pdu, size_t n);

/* ecu_routines.c */
uint8_t ecu_routines_control(struct ecu_core *self, uint64_t now_us, const uint8_t *pdu, size_t n);
/* the work of a routine is over: its result into the answer or, for one in the background, into its state */
void ecu_routines_finish(struct ecu_core *self, enum ecu_then then);
void ecu_routines_background_end(struct ecu_core *self);

/* ecu_download.c */
/* Return: bytes taken by ALFID, address and size at @at; 0 if @n is too short or a field is out of range */
size_t ecu_download_range(const uint8_t *at, size_t n, struct ecu_extent *range);
uint8_t ecu_download_request(struct ecu_core *self, uint64_t now_us, const uint8_t *pdu, size_t n);
uint8_t ecu_download_upload(struct ecu_core *self, uint64_t now_us, const uint8_t *pdu, size_t n);
uint8_t ecu_download_data(struct ecu_core *self, uint64_t now_us, const uint8_t *pdu, size_t n);
uint8_t ecu_download_exit(struct ecu_core *self, uint64_t now_us, const uint8_t *pdu, size_t n);
/* NRC 93, 22 where programming is not possible now; else 0 */
uint8_t ecu_download_obstacle(const struct ecu_core *self);

#endif
