/*
 * docs - good documents for the tests of proto/, to be spoilt field by field.
 */
#ifndef TESTS_PROTO_DOCS_H
#define TESTS_PROTO_DOCS_H

#include "proto/envelope.h"

#include <stdint.h>

/* A document with everything it points to: only the tests' own, and never freed by protobuf-c. */
struct manifest_doc {
	Gu__Manifest manifest;
	Gu__Severity severity;
	Gu__Component components[2];
	Gu__Component *component_list[40];
	Gu__SoftwareUnit unit;
	Gu__SoftwareUnit *unit_list[9];
	Gu__FileRef image;
	Gu__FileRef profile;
	Gu__Segment segments[2];
	Gu__Segment *segment_list[65];
	Gu__Condition conditions[2];
	Gu__Condition *condition_list[17];
	char *hardware_ids[17];
	char *features[2];
	char *functions_lost[9];
	Gu__LocalizedText texts[2];
	Gu__LocalizedText *text_list[17];
	Gu__Rxswin rxswin[2];
	Gu__Rxswin *rxswin_list[17];
	char *sources[9];
	uint32_t dids[33];
};

struct director_doc {
	Gu__Director director;
	Gu__Campaign campaigns[2];
	Gu__Campaign *campaign_list[9];
	Gu__Target targets[2];
	Gu__Target *target_list[33];
	Gu__FileRef manifest;
	Gu__FileRef rollback;
	Gu__NoRollback none;
	Gu__Window window;
	Gu__Condition condition;
	Gu__Condition *condition_list[1];
	Gu__Recurrence recurrence;
	Gu__Recurrence *recurrence_list[9];
	char *features[2];
	char *time_features[2]; /* of a campaign with recurring windows and a deadline; in none yet */
	char *supersedes[9];
};

static uint8_t doc_digest[33] = "0123456789abcdef0123456789abcdef";

static inline void doc_file(Gu__FileRef *file, uint64_t length)
{
	gu__file_ref__init(file);
	file->sha256 = (ProtobufCBinaryData){.len = 32, .data = doc_digest};
	file->length = length;
}

/* one component of one unit with two segments, one condition */
static inline void manifest_doc_init(struct manifest_doc *d)
{
	static char name[] = "brake";
	static char second_name[] = "engine";
	static char hardware[] = "HW-1";
	static char id[] = "release-7";
	static char description[] = "Kürzerer Bremsweg";
	static char version[] = "2.0.1";
	static char function[] = "cruise control";
	static char feature[] = "base-1";
	static char source[] = "session:";

	gu__manifest__init(&d->manifest);
	gu__severity__init(&d->severity);
	gu__software_unit__init(&d->unit);
	doc_file(&d->image, 4096);
	doc_file(&d->profile, 700);
	for (size_t i = 0; i < 2; i++) {
		gu__segment__init(&d->segments[i]);
		d->segments[i].address = 0x8000 + i * 0x1000;
		d->segments[i].length = 0x1000;
		d->segment_list[i] = &d->segments[i];
		gu__condition__init(&d->conditions[i]);
		d->condition_list[i] = &d->conditions[i];
		gu__component__init(&d->components[i]);
		d->component_list[i] = &d->components[i];
	}
	d->conditions[0].kind = GU__CONDITION_KIND__CONDITION_KIND_BATTERY_MIN_MV;
	d->conditions[0].value = 11800;
	d->conditions[1].kind = GU__CONDITION_KIND__CONDITION_KIND_STANDSTILL;
	d->unit.kind = GU__UNIT_KIND__UNIT_KIND_APPLICATION;
	d->unit.image = &d->image;
	d->unit.format = GU__IMAGE_FORMAT__IMAGE_FORMAT_IHEX;
	d->unit.segments = d->segment_list;
	d->unit.n_segments = 2;
	d->unit.expected_version = version;
	d->unit.sources = d->sources;
	d->sources[0] = source;
	d->unit.n_sources = 1;
	d->unit_list[0] = &d->unit;
	d->hardware_ids[0] = hardware;
	d->functions_lost[0] = function;
	d->features[0] = feature;
	for (size_t i = 0; i < 2; i++) {
		Gu__Component *c = &d->components[i];

		c->name = i ? second_name : name;
		c->hardware_ids = d->hardware_ids;
		c->n_hardware_ids = 1;
		c->profile = &d->profile;
		c->units = d->unit_list;
		c->n_units = 1;
		c->conditions = d->condition_list;
		c->n_conditions = 2;
		c->functions_lost = d->functions_lost;
		c->n_functions_lost = 1;
		c->preserve_dids = d->dids;
		c->n_preserve_dids = 0; /* dids[] is there for who wants it */
		c->release_counter = 7;
	}
	static char languages[2][8] = {"de", "pt-BR"};
	static char titles[2][24] = {"Bremse", "Freio"};
	static char bodies[2][48] = {"Bessere Bremse", ""};

	for (size_t i = 0; i < 2; i++) {
		gu__localized_text__init(&d->texts[i]);
		d->texts[i].language = languages[i];
		d->texts[i].title = titles[i];
		d->texts[i].body = bodies[i];
		d->text_list[i] = &d->texts[i];
	}
	d->manifest.texts = d->text_list;
	d->manifest.n_texts = 2;
	static char regulations[2][8] = {"R155", "R156"};
	static char values[2][8] = {"CS 2", "SU 2"};

	for (size_t i = 0; i < 2; i++) {
		gu__rxswin__init(&d->rxswin[i]);
		d->rxswin[i].regulation = regulations[i];
		d->rxswin[i].value = values[i];
		d->rxswin_list[i] = &d->rxswin[i];
	}
	d->manifest.rxswin = d->rxswin_list;
	d->manifest.n_rxswin = 2;
	d->dids[0] = 0xf190;
	d->manifest.required_features = d->features;
	d->manifest.n_required_features = 1;
	d->manifest.id = id;
	d->manifest.description = description;
	d->manifest.severity = &d->severity;
	d->severity.score = 75;
	d->manifest.components = d->component_list;
	d->manifest.n_components = 2;
}

/* one campaign, live, of two targets: one with a rollback image and one without */
static inline void director_doc_init(struct director_doc *d)
{
	static char vehicle[] = "VIN-1";
	static char ids[2][12] = {"campaign-1", "campaign-2"};
	static char ecus[2][8] = {"brake-1", "brake-2"};
	static char hardware[] = "HW-1";
	static char serial[] = "0815";
	static char component[] = "brake";
	static char old_id[] = "campaign-0";
	static char feature[] = "base-1";
	static char recurring[] = "windows-recurring-1", deadline[] = "deadline-1", zone[] = "Europe/Berlin";

	gu__recurrence__init(&d->recurrence);
	d->recurrence.days = 3;
	d->recurrence.start_minute = 1320;
	d->recurrence.duration_s = 21600;
	d->recurrence.time_zone = zone;
	for (size_t i = 0; i < sizeof d->recurrence_list / sizeof d->recurrence_list[0]; i++)
		d->recurrence_list[i] = &d->recurrence;
	d->time_features[0] = recurring;
	d->time_features[1] = deadline;
	gu__director__init(&d->director);
	gu__window__init(&d->window);
	gu__no_rollback__init(&d->none);
	gu__condition__init(&d->condition);
	doc_file(&d->manifest, 900);
	doc_file(&d->rollback, 4000);
	d->window.start_unix_s = 1000;
	d->window.end_unix_s = 2000;
	d->condition.kind = GU__CONDITION_KIND__CONDITION_KIND_IGNITION_OFF;
	d->condition_list[0] = &d->condition;
	d->features[0] = feature;
	d->supersedes[0] = old_id;
	for (size_t i = 0; i < 2; i++) {
		Gu__Target *t = &d->targets[i];
		Gu__Campaign *c = &d->campaigns[i];

		gu__target__init(t);
		t->ecu = ecus[i];
		t->hardware_id = hardware;
		t->serial_number = serial;
		t->component = component;
		d->target_list[i] = t;
		gu__campaign__init(c);
		c->id = ids[i];
		c->required_features = d->features;
		c->n_required_features = 1;
		c->manifest = &d->manifest;
		c->mode = GU__UPDATE_MODE__UPDATE_MODE_NEGOTIATED;
		c->urgency = GU__URGENCY__URGENCY_NORMAL;
		c->window = &d->window;
		c->targets = d->target_list;
		c->n_targets = 2;
		c->conditions = d->condition_list;
		c->n_conditions = 1;
		c->supersedes = d->supersedes;
		c->n_supersedes = 1;
		d->campaign_list[i] = c;
	}
	d->targets[0].rollback_case = GU__TARGET__ROLLBACK_ROLLBACK_IMAGE;
	d->targets[0].rollback_image = &d->rollback;
	d->targets[1].rollback_case = GU__TARGET__ROLLBACK_NO_ROLLBACK;
	d->targets[1].no_rollback = &d->none;
	d->director.vehicle_id = vehicle;
	d->director.issued_unix_s = 900;
	d->director.campaigns = d->campaign_list;
	d->director.n_campaigns = 2;
}

#endif
