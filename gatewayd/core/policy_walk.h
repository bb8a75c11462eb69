/*
 * policy_walk - the conditions under which ECUs of a campaign may be erased, one after the other, each with whether it
 * holds now. The decision (policy_may_install(): the first that does not) and its explanation (why.h: all of them) walk
 * the same way. Private to gatewayd/core; reads, changes nothing.
 */
#ifndef GATEWAYD_CORE_POLICY_WALK_H
#define GATEWAYD_CORE_POLICY_WALK_H

#include "gatewayd/core/gateway.h"

enum policy_phase {
	POLICY_BEGIN,   /* the flash is not running yet: all counts, and the ECUs must have answered */
	POLICY_GO_ON,   /* it runs, and the ECUs are not erased yet */
	POLICY_RECOVER, /* they are erased: the vehicle's safety alone */
};

/* An erased ECU may be the one that sent what a condition rests on. What has been missed for so long counts as holding
 * for it: while others send their signals, or once the network was woken for them in vain; and else. */
#define POLICY_GONE_US        30000000u
#define POLICY_GONE_ASLEEP_US UINT64_C(3600000000)

/* in the order in which they are looked at */
enum policy_term {
	POLICY_TIME,
	POLICY_WINDOW_END,
	POLICY_USE_BEFORE,
	POLICY_CONFIRMATION, /* what the backend has to say in the campaign's mode */
	POLICY_ZONE,         /* the windows' time zones are known */
	POLICY_WINDOW_START,
	POLICY_WINDOW_FITS,
	POLICY_AGREED_START,
	POLICY_DRIVER_START,
	POLICY_CONSENT,
	POLICY_DIAGNOSTICS,
	POLICY_PRESENT,
	POLICY_MOVING,
	POLICY_OWN_STANDSTILL, /* what the gateway asks for by itself */
	POLICY_OWN_IGNITION,
	POLICY_CAMPAIGN,  /* what the director document asks for */
	POLICY_COMPONENT, /* what the manifest and the profile's supply ask for */
	POLICY_END,
};

struct policy_condition {
	enum policy_term term;
	struct condition asked;        /* of the vehicle; kind CONDITION_NONE: it is about something else */
	uint8_t target;                /* that it is about, index in the campaign; 0xff: the whole campaign */
	unsigned code;                 /* 0: it holds; else what the campaign waits for, or ends with */
	bool unknown;                  /* it does not hold because the value is not known */
	char text[GATEWAY_TEXT_BYTES]; /* why it does not hold; "" if it does */
};

struct policy_walk {
	const struct gateway *gateway;
	const struct campaign *campaign;
	uint64_t now_us;
	uint32_t targets; /* mask */
	enum policy_phase phase;
	/* private */
	enum policy_term term;
	uint8_t target;
	uint8_t place;
};

void policy_walk_begin(struct policy_walk *self, const struct gateway *gateway, const struct campaign *campaign,
		       uint32_t targets, uint64_t now_us, enum policy_phase phase);
/* Return: false at the end; terms that do not concern the campaign are left out */
bool policy_walk_next(struct policy_walk *self, struct policy_condition *condition);

/* what speaks against it */
enum policy_against {
	POLICY_AGAINST_KNOWN = 1,  /* something that is known, or that somebody has to say */
	POLICY_AGAINST_SIGNAL = 2, /* a signal of the vehicle that is not known */
	POLICY_AGAINST_ECU = 4,    /* an ECU that did not answer when it was asked last, or was not asked */
	POLICY_AGAINST_TIME = 8,   /* time that is not trusted yet */
};
/* goes on to the end. Return: mask of enum policy_against, 0 = nothing */
uint32_t policy_walk_against(struct policy_walk *self);

/* some ECUs live with the ignition: switching it off would only take them away */
bool policy_needs_ignition_on(const struct campaign *campaign);

#endif
