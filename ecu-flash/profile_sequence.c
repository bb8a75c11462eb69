/* Whether the lists of steps of a profile make sense: each step, and their order. */
#include "ecu-flash/profile_priv.h"

static const char *check_bus_steps(struct profile_flaw *flaw, const char *list, const struct bus_step *steps, uint8_t n)
{
	profile_wrong_entry(flaw, list, PROFILE_FLAW_WHOLE, NULL);
	if (n > PROFILE_MAX_BUS_STEPS)
		return "too many bus steps";
	for (uint8_t i = 0; i < n; i++) {
		const struct bus_step *s = &steps[i];

		flaw->entry = i;
		switch (s->kind) {
		case BUS_STEP_SESSION:
			if (s->sub_function < 1 || s->sub_function > 0x7e)
				return "a bus step names no session";
			break;
		case BUS_STEP_DTC_SETTING:
			if (s->sub_function < 1 || s->sub_function > 2)
				return "the DTC setting is 1 (on) or 2 (off)";
			break;
		case BUS_STEP_COMMUNICATION:
			/* 4 and 5 also need a node number, which a step does not have */
			if (s->sub_function > 3 || !s->communication_type)
				return "communication control needs a control type of 0..3 and a communication type";
			break;
		case BUS_STEP_PRECONDITIONS:
		case BUS_STEP_CLEAR_DTC:
			break;
		}
	}
	return NULL;
}

const char *profile_check_bus_steps(const struct profile *p, struct profile_flaw *flaw)
{
	const char *wrong = check_bus_steps(flaw, "bus_before", p->bus_before, p->n_bus_before);

	return wrong ? wrong : check_bus_steps(flaw, "bus_after", p->bus_after, p->n_bus_after);
}

static const char *check_security(const struct profile *p, const struct flash_step *s, struct profile_flaw *flaw)
{
	const struct profile_security *security;

	if (s->security >= p->n_security)
		return "a security step names a security that is not there";
	security = &p->security[s->security];
	if (!(security->level & 1u) || security->level > 0x41)
		return profile_wrong_security(flaw, s->security, "the security level must be odd, 0x01..0x41");
	switch (security->algorithm) {
	case PROFILE_SECURITY_NONE:
		break;
	case PROFILE_SECURITY_AES128_CMAC:
	case PROFILE_SECURITY_XOR:
		if (!security->key_id[0])
			return profile_wrong_security(flaw, s->security, "the security algorithm needs a key id");
		break;
	case PROFILE_SECURITY_LIBRARY:
		if (!security->library[0])
			return profile_wrong_security(flaw, s->security,
						      "the security algorithm needs the name of a library");
		break;
	}
	return NULL;
}

/* a refusal that is borne must not hide that memory is wrong or that the other bank does not run */
static bool may_be_refused(enum flash_step_kind kind)
{
	switch (kind) {
	case FLASH_STEP_SESSION:
	case FLASH_STEP_SECURITY:
	case FLASH_STEP_FINGERPRINT:
	case FLASH_STEP_DEPENDENCIES:
	case FLASH_STEP_RESET:
	case FLASH_STEP_ROUTINE:
	case FLASH_STEP_WRITE_DID:
		return true;
	case FLASH_STEP_ERASE:
	case FLASH_STEP_TRANSFER:
	case FLASH_STEP_CHECK_MEMORY:
	case FLASH_STEP_WAIT_BOOT:
	case FLASH_STEP_READ_VERSION:
	case FLASH_STEP_WAIT:
	case FLASH_STEP_SWITCH_OVER:
	case FLASH_STEP_SWITCH_BACK:
		break;
	}
	return false;
}

static const char *check_common(const struct flash_step *s)
{
	if (s->n_data > sizeof(s->data))
		return "the data of a step is too long";
	if (s->retries > 10)
		return "a step is tried again at most 10 times";
	if (s->n_accept_nrc > PROFILE_MAX_ACCEPTED)
		return "a step bears at most 4 negative responses";
	if (s->n_accept_nrc && !may_be_refused(s->kind))
		return "an erase, transfer, check, switch-over or version cannot be taken for done when it was refused";
	return NULL;
}

static const char *check_step(const struct profile *p, const struct flash_step *s, struct profile_flaw *flaw)
{
	const char *wrong = check_common(s);

	if (wrong)
		return wrong;
	switch (s->kind) {
	case FLASH_STEP_SESSION:
	case FLASH_STEP_RESET:
		if (s->sub_function > 0x7e)
			return "a sub-function must be below 0x7f";
		break;
	case FLASH_STEP_SECURITY:
		return check_security(p, s, flaw);
	case FLASH_STEP_FINGERPRINT:
		if (!p->did_fingerprint || !(p->n_fingerprint || p->n_parts))
			return profile_wrong(flaw, p->did_fingerprint ? "fingerprint" : "dids.fingerprint", NULL,
					     "the fingerprint step needs a DID and a fingerprint");
		break;
	case FLASH_STEP_ERASE:
		if (!p->routine_erase)
			return profile_wrong(flaw, "routines.erase", NULL, "the erase step needs its routine");
		break;
	case FLASH_STEP_CHECK_MEMORY:
		if (!p->routine_check)
			return profile_wrong(flaw, "routines.check", NULL, "the check step needs its routine");
		break;
	case FLASH_STEP_DEPENDENCIES:
		if (!p->routine_dependencies)
			return profile_wrong(flaw, "routines.dependencies", NULL,
					     "the dependencies step needs its routine");
		break;
	case FLASH_STEP_SWITCH_OVER:
		if (!p->routine_switch_over)
			return profile_wrong(flaw, "routines.switch_over", NULL,
					     "the switch-over step needs its routine");
		break;
	case FLASH_STEP_SWITCH_BACK:
		if (!p->routine_switch_back)
			return profile_wrong(flaw, "routines.switch_back", NULL,
					     "the switch-back step needs its routine");
		break;
	case FLASH_STEP_READ_VERSION:
		if (!p->did_application)
			return profile_wrong(flaw, "dids.application", NULL,
					     "the read-version step needs the application's DID");
		break;
	case FLASH_STEP_ROUTINE:
	case FLASH_STEP_WRITE_DID:
		if (!s->id)
			return "a routine or write step needs an id";
		break;
	case FLASH_STEP_WAIT:
		if (!s->wait_ms || s->wait_ms > 600000)
			return "a wait must be 1..600000 ms";
		break;
	case FLASH_STEP_TRANSFER:
	case FLASH_STEP_WAIT_BOOT:
		break;
	}
	return NULL;
}

/* what a list of steps has come to */
struct progress {
	bool session, erased, irreversible, transfer, version, booting, switched;
};

static const char *check_dual_bank(const struct flash_step *s, struct progress *at)
{
	if (s->kind == FLASH_STEP_SWITCH_OVER) {
		if (at->switched)
			return "the sequence switches over twice";
		if (!at->transfer)
			return "a switch-over needs a transfer before it";
		if (!s->point_of_no_return)
			return "the switch-over is the point of no return of a dual-bank ECU";
		at->switched = true;
		at->version = false;
		return NULL;
	}
	if (s->point_of_no_return)
		return "the point of no return of a dual-bank ECU is its switch-over";
	if (at->switched && (s->kind == FLASH_STEP_ERASE || s->kind == FLASH_STEP_TRANSFER))
		return "after the switch-over nothing is erased or transferred: what runs would be lost";
	if (s->kind == FLASH_STEP_TRANSFER && !at->erased)
		return "a transfer needs an erase before it";
	return NULL;
}

static const char *check_single_bank(const struct profile *p, const struct flash_step *s, struct progress *at)
{
	if (s->kind == FLASH_STEP_SWITCH_OVER)
		return "a switch-over needs the template dual-bank";
	at->irreversible = at->irreversible || profile_step_irreversible(p, s);
	/* without it nobody would store the intent before the ECU's memory changes */
	if (s->kind == FLASH_STEP_TRANSFER && !at->irreversible)
		return "a transfer needs an erase, or a point of no return, before it";
	return NULL;
}

static const char *check_order(const struct profile *p, const struct flash_step *s, struct progress *at)
{
	const char *wrong;

	if (s->kind == FLASH_STEP_SWITCH_BACK)
		return "a switch-back belongs to the way back alone";
	at->session = at->session || s->kind == FLASH_STEP_SESSION;
	if (s->kind == FLASH_STEP_ERASE && !at->session)
		return "an erase needs a session step before it";
	at->erased = at->erased || s->kind == FLASH_STEP_ERASE;
	wrong = p->banks == PROFILE_DUAL_BANK ? check_dual_bank(s, at) : check_single_bank(p, s, at);
	if (wrong)
		return wrong;
	if (s->kind == FLASH_STEP_TRANSFER) {
		at->transfer = true;
		at->version = false;
	}
	if (s->kind == FLASH_STEP_RESET)
		at->booting = true;
	if (s->kind == FLASH_STEP_WAIT_BOOT)
		at->booting = false;
	if (s->kind == FLASH_STEP_READ_VERSION) {
		if (at->booting)
			return "a reset needs a wait for boot before the version is read";
		at->version = true;
	}
	return NULL;
}

static const char *check_steps(const struct profile *p, struct profile_flaw *flaw)
{
	struct progress at = {0};

	profile_wrong_entry(flaw, "steps", PROFILE_FLAW_WHOLE, NULL);
	if (!p->n_steps || p->n_steps > PROFILE_MAX_STEPS)
		return "the sequence must have 1..32 steps";
	for (uint8_t i = 0; i < p->n_steps; i++) {
		const char *wrong;

		flaw->entry = i;
		wrong = check_step(p, &p->steps[i], flaw);
		if (!wrong)
			wrong = check_order(p, &p->steps[i], &at);
		if (wrong)
			return wrong;
	}
	flaw->entry = PROFILE_FLAW_WHOLE;
	if (!at.transfer)
		return "the sequence transfers nothing";
	if (p->banks == PROFILE_DUAL_BANK && !at.switched)
		return profile_wrong(flaw, p->routine_switch_over ? NULL : "routines.switch_over", NULL,
				     "the sequence of a dual-bank ECU must switch over");
	if (!at.version)
		return profile_wrong(flaw, p->did_application ? NULL : "dids.application", NULL,
				     at.switched ? "the sequence must read the version after the switch-over"
						 : "the sequence must read the version after the last transfer");
	return NULL;
}

/* what a list of the way back has come to */
struct return_progress {
	bool switched, booting, version;
};

static const char *check_back_step(const struct profile *p, const struct flash_step *s, struct return_progress *at,
				   struct profile_flaw *flaw)
{
	const char *wrong = check_step(p, s, flaw);

	if (wrong)
		return wrong;
	if (s->kind == FLASH_STEP_ERASE || s->kind == FLASH_STEP_TRANSFER || s->kind == FLASH_STEP_CHECK_MEMORY ||
	    s->kind == FLASH_STEP_SWITCH_OVER)
		return "the way back erases, transfers, checks and switches over nothing";
	if (s->point_of_no_return)
		return "the way back has no point of no return";
	at->switched = at->switched || s->kind == FLASH_STEP_SWITCH_BACK;
	at->booting = s->kind == FLASH_STEP_RESET || (at->booting && s->kind != FLASH_STEP_WAIT_BOOT);
	if (s->kind == FLASH_STEP_READ_VERSION && at->booting)
		return "a reset needs a wait for boot before the version is read";
	at->version = s->kind == FLASH_STEP_READ_VERSION;
	return NULL;
}

static const char *check_back(const struct profile *p, struct profile_flaw *flaw)
{
	struct return_progress at = {0};

	profile_wrong_entry(flaw, "steps_back", PROFILE_FLAW_WHOLE, NULL);
	if (p->banks == PROFILE_SINGLE_BANK)
		return p->n_back ? "a way back needs the template dual-bank" : NULL;
	if (p->n_back > PROFILE_MAX_BACK_STEPS)
		return "the way back has at most 8 steps";
	for (uint8_t i = 0; i < p->n_back; i++) {
		const char *wrong;

		flaw->entry = i;
		wrong = check_back_step(p, &p->back[i], &at, flaw);
		if (wrong)
			return wrong;
	}
	flaw->entry = PROFILE_FLAW_WHOLE;
	if (!at.switched)
		return profile_wrong(flaw, p->routine_switch_back ? NULL : "routines.switch_back", NULL,
				     "the way back of a dual-bank ECU must switch back");
	if (!at.version)
		return profile_wrong(flaw, p->did_application ? NULL : "dids.application", NULL,
				     "the way back must end by reading the version");
	return NULL;
}

const char *profile_check_sequence(const struct profile *p, struct profile_flaw *flaw)
{
	const char *wrong = check_steps(p, flaw);

	return wrong ? wrong : check_back(p, flaw);
}
