#include "sim/oem_backend/strategy_load.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* as it stands in the file: classes by their names, which become indices */
struct file_classes {
	struct strategy_class critical;
	struct strategy_class high;
	struct strategy_class normal;
	struct strategy_class low;
};

struct file {
	struct strategy_rule *rules;
	unsigned rules_count;
	struct file_classes classes;
	int mode;
	struct strategy_mode *modes;
	unsigned modes_count;
};

/* what strategy_free() gives back */
struct loaded {
	struct strategy strategy; /* first */
	struct file *file;
};

static const cyaml_strval_t mode_words[] = {
    {"client_initiated", GU__UPDATE_MODE__UPDATE_MODE_CLIENT_INITIATED},
    {"server_initiated", GU__UPDATE_MODE__UPDATE_MODE_SERVER_INITIATED},
    {"negotiated", GU__UPDATE_MODE__UPDATE_MODE_NEGOTIATED},
};

static const cyaml_strval_t urgency_words[] = {
    {"low", GU__URGENCY__URGENCY_LOW},
    {"normal", GU__URGENCY__URGENCY_NORMAL},
    {"high", GU__URGENCY__URGENCY_HIGH},
    {"critical", GU__URGENCY__URGENCY_CRITICAL},
};

static const cyaml_strval_t change_words[] = {
    {"security_fix", GU__CHANGE_KIND__CHANGE_KIND_SECURITY_FIX},
    {"bug_fix", GU__CHANGE_KIND__CHANGE_KIND_BUG_FIX},
    {"feature", GU__CHANGE_KIND__CHANGE_KIND_FEATURE},
    {"configuration", GU__CHANGE_KIND__CHANGE_KIND_CONFIGURATION},
};

static const cyaml_strval_t want_words[] = {
    {"true", STRATEGY_YES},
    {"false", STRATEGY_NO},
};

#define WORD(key, flags, type, member, words) \
	CYAML_FIELD_ENUM(key, CYAML_FLAG_STRICT | (flags), type, member, words, CYAML_ARRAY_LEN(words))

static const cyaml_schema_value_t text_schema = {
    CYAML_VALUE_STRING(CYAML_FLAG_POINTER, char *, 1, 64),
};

static const cyaml_schema_value_t change_schema = {
    CYAML_VALUE_ENUM(CYAML_FLAG_STRICT, int, change_words, CYAML_ARRAY_LEN(change_words)),
};

static const cyaml_schema_field_t range_fields[] = {
    CYAML_FIELD_UINT("min", CYAML_FLAG_OPTIONAL, struct strategy_range, min),
    CYAML_FIELD_UINT("max", CYAML_FLAG_OPTIONAL, struct strategy_range, max),
    CYAML_FIELD_END,
};

static const cyaml_schema_field_t when_fields[] = {
    CYAML_FIELD_MAPPING_PTR("score", CYAML_FLAG_POINTER | CYAML_FLAG_OPTIONAL, struct strategy_when, score,
			    range_fields),
    WORD("safety_relevant", CYAML_FLAG_OPTIONAL, struct strategy_when, safety_relevant, want_words),
    WORD("exploited_in_field", CYAML_FLAG_OPTIONAL, struct strategy_when, exploited_in_field, want_words),
    CYAML_FIELD_SEQUENCE("change", CYAML_FLAG_POINTER | CYAML_FLAG_OPTIONAL, struct strategy_when, change,
			 &change_schema, 1, 4),
    CYAML_FIELD_UINT_PTR("deadline_within_days", CYAML_FLAG_POINTER | CYAML_FLAG_OPTIONAL, struct strategy_when,
			 deadline_within_days),
    CYAML_FIELD_SEQUENCE("ecus", CYAML_FLAG_POINTER | CYAML_FLAG_OPTIONAL, struct strategy_when, ecus, &text_schema, 1,
			 STRATEGY_MAX_LIST),
    CYAML_FIELD_SEQUENCE("hardware_ids", CYAML_FLAG_POINTER | CYAML_FLAG_OPTIONAL, struct strategy_when, hardware_ids,
			 &text_schema, 1, STRATEGY_MAX_LIST),
    CYAML_FIELD_STRING_PTR("manifest", CYAML_FLAG_POINTER | CYAML_FLAG_OPTIONAL, struct strategy_when, manifest, 1, 64),
    CYAML_FIELD_END,
};

static const cyaml_schema_field_t rule_fields[] = {
    CYAML_FIELD_STRING_PTR("name", CYAML_FLAG_POINTER, struct strategy_rule, name, 1, 64),
    CYAML_FIELD_MAPPING("when", CYAML_FLAG_OPTIONAL, struct strategy_rule, when, when_fields),
    WORD("urgency", 0, struct strategy_rule, urgency, urgency_words),
    CYAML_FIELD_END,
};

static const cyaml_schema_value_t rule_schema = {
    CYAML_VALUE_MAPPING(CYAML_FLAG_DEFAULT, struct strategy_rule, rule_fields),
};

static const cyaml_schema_field_t class_fields[] = {
    CYAML_FIELD_UINT("deadline_days", CYAML_FLAG_OPTIONAL, struct strategy_class, deadline_days),
    CYAML_FIELD_UINT("retry_pause_s", CYAML_FLAG_OPTIONAL, struct strategy_class, retry_pause_s),
    CYAML_FIELD_BOOL("consent", CYAML_FLAG_DEFAULT, struct strategy_class, consent),
    CYAML_FIELD_END,
};

static const cyaml_schema_field_t classes_fields[] = {
    CYAML_FIELD_MAPPING("critical", CYAML_FLAG_DEFAULT, struct file_classes, critical, class_fields),
    CYAML_FIELD_MAPPING("high", CYAML_FLAG_DEFAULT, struct file_classes, high, class_fields),
    CYAML_FIELD_MAPPING("normal", CYAML_FLAG_DEFAULT, struct file_classes, normal, class_fields),
    CYAML_FIELD_MAPPING("low", CYAML_FLAG_DEFAULT, struct file_classes, low, class_fields),
    CYAML_FIELD_END,
};

static const cyaml_schema_field_t mode_fields[] = {
    CYAML_FIELD_STRING_PTR("ecu", CYAML_FLAG_POINTER | CYAML_FLAG_OPTIONAL, struct strategy_mode, ecu, 1, 64),
    WORD("urgency", CYAML_FLAG_OPTIONAL, struct strategy_mode, urgency, urgency_words),
    WORD("mode", 0, struct strategy_mode, mode, mode_words),
    CYAML_FIELD_END,
};

static const cyaml_schema_value_t mode_schema = {
    CYAML_VALUE_MAPPING(CYAML_FLAG_DEFAULT, struct strategy_mode, mode_fields),
};

static const cyaml_schema_field_t file_fields[] = {
    CYAML_FIELD_SEQUENCE("rules", CYAML_FLAG_POINTER, struct file, rules, &rule_schema, 1, STRATEGY_MAX_RULES),
    CYAML_FIELD_MAPPING("classes", CYAML_FLAG_DEFAULT, struct file, classes, classes_fields),
    WORD("mode", CYAML_FLAG_OPTIONAL, struct file, mode, mode_words),
    CYAML_FIELD_SEQUENCE("modes", CYAML_FLAG_POINTER | CYAML_FLAG_OPTIONAL, struct file, modes, &mode_schema, 0,
			 STRATEGY_MAX_MODES),
    CYAML_FIELD_END,
};

static const cyaml_schema_value_t file_schema = {
    CYAML_VALUE_MAPPING(CYAML_FLAG_POINTER, struct file, file_fields),
};

static int check_score(struct strategy_range *range, unsigned i, const struct yaml_doc *doc, struct yaml_error *error)
{
	char key[48];

	snprintf(key, sizeof key, "rules[%u].when.score.max", i);
	if (!yaml_has(doc, key))
		range->max = 100;
	if (range->max <= 100 && range->min <= range->max)
		return 0;
	snprintf(key, sizeof key, "rules[%u].when.score", i);
	return yaml_error_at(doc, error, key, "must be a range within 0..100, is %u to %u", (unsigned)range->min,
			     (unsigned)range->max);
}

static int check_rule(struct file *self, unsigned i, const struct yaml_doc *doc, struct yaml_error *error)
{
	struct strategy_rule *rule = &self->rules[i];
	char key[64];

	for (unsigned j = 0; j < i; j++) {
		if (strcmp(self->rules[j].name, rule->name) != 0)
			continue;
		snprintf(key, sizeof key, "rules[%u].name", i);
		return yaml_error_at(doc, error, key, "\"%s\" is the name of rules[%u] already", rule->name, j);
	}
	if (rule->when.score && check_score(rule->when.score, i, doc, error))
		return 1;
	if (rule->when.deadline_within_days && *rule->when.deadline_within_days > STRATEGY_MAX_DAYS) {
		snprintf(key, sizeof key, "rules[%u].when.deadline_within_days", i);
		return yaml_error_at(doc, error, key, "must be 0..%u, is %u", STRATEGY_MAX_DAYS,
				     (unsigned)*rule->when.deadline_within_days);
	}
	snprintf(key, sizeof key, "rules[%u]", i);
	if (strategy_takes_all(rule) && i + 1 < self->rules_count)
		return yaml_error_at(
		    doc, error, key,
		    "\"%s\" has no conditions, so that the rules after it never decide; make it the last", rule->name);
	if (!strategy_takes_all(rule) && i + 1 == self->rules_count)
		return yaml_error_at(doc, error, key,
				     "\"%s\" is the last rule and has conditions; end with one that has none, so that"
				     " every manifest has a class",
				     rule->name);
	return 0;
}

static int check_class(const struct strategy_class *class, const char *name, const struct yaml_doc *doc,
		       struct yaml_error *error)
{
	char key[64];

	if (class->deadline_days > STRATEGY_MAX_DAYS) {
		snprintf(key, sizeof key, "classes.%s.deadline_days", name);
		return yaml_error_at(doc, error, key, "must be 0..%u, is %u", STRATEGY_MAX_DAYS,
				     (unsigned)class->deadline_days);
	}
	if (class->retry_pause_s > STRATEGY_MAX_PAUSE_S) {
		snprintf(key, sizeof key, "classes.%s.retry_pause_s", name);
		return yaml_error_at(doc, error, key, "must be 0..%u, is %u", STRATEGY_MAX_PAUSE_S,
				     (unsigned)class->retry_pause_s);
	}
	return 0;
}

static int check_modes(const struct file *self, const struct yaml_doc *doc, struct yaml_error *error)
{
	char key[32];

	for (unsigned i = 0; i < self->modes_count; i++) {
		const struct strategy_mode *mode = &self->modes[i];

		snprintf(key, sizeof key, "modes[%u]", i);
		if (!mode->ecu && mode->urgency == GU__URGENCY__URGENCY_UNSPECIFIED)
			return yaml_error_at(doc, error, key,
					     "names neither ecu nor urgency; the key mode says it for all");
		for (unsigned j = 0; j < i; j++) {
			const char *other = self->modes[j].ecu ? self->modes[j].ecu : "";

			if (self->modes[j].urgency == mode->urgency && strcmp(other, mode->ecu ? mode->ecu : "") == 0)
				return yaml_error_at(doc, error, key, "says again what modes[%u] says", j);
		}
	}
	if (self->modes_count && !self->mode)
		return yaml_error_at(doc, error, "modes",
				     "the key mode must say what holds for all that they do not name");
	return 0;
}

static int check(struct file *self, const struct yaml_doc *doc, struct yaml_error *error)
{
	for (unsigned i = 0; i < self->rules_count; i++) {
		if (check_rule(self, i, doc, error))
			return 1;
	}
	if (check_class(&self->classes.critical, "critical", doc, error) ||
	    check_class(&self->classes.high, "high", doc, error) ||
	    check_class(&self->classes.normal, "normal", doc, error) ||
	    check_class(&self->classes.low, "low", doc, error))
		return 1;
	return check_modes(self, doc, error);
}

static void warn_of_shadowed(const struct strategy *self, const char *path, const struct yaml_doc *doc,
			     void (*warn)(const char *text))
{
	char text[4400], key[32];

	for (size_t i = 0; i < self->rules_count; i++) {
		size_t by = strategy_shadowed_by(self, i);

		if (by == SIZE_MAX)
			continue;
		snprintf(key, sizeof key, "rules[%zu]", i);
		snprintf(text, sizeof text, "%s:%u: %s: \"%s\" never decides: \"%s\" before it takes all that it would",
			 path, yaml_line_of(doc, key), key, self->rules[i].name, self->rules[by].name);
		warn(text);
	}
}

int strategy_load(const char *path, struct strategy **strategy, void (*warn)(const char *text),
		  struct yaml_error *error)
{
	struct yaml_doc *doc = NULL;
	struct loaded *self;
	void *data = NULL;
	int status = yaml_load_file(path, &file_schema, &data, &doc, error);

	if (status)
		return status;
	struct file *file = data;
	status = check(file, doc, error);
	self = status ? NULL : calloc(1, sizeof *self);
	if (!status && !self) {
		snprintf(error->text, sizeof error->text, "%s: out of memory", path);
		status = -ENOMEM;
	}
	if (status) {
		yaml_doc_free(doc);
		yaml_free(&file_schema, file);
		return status;
	}
	self->file = file;
	self->strategy.rules = file->rules;
	self->strategy.rules_count = file->rules_count;
	self->strategy.classes[GU__URGENCY__URGENCY_LOW] = file->classes.low;
	self->strategy.classes[GU__URGENCY__URGENCY_NORMAL] = file->classes.normal;
	self->strategy.classes[GU__URGENCY__URGENCY_HIGH] = file->classes.high;
	self->strategy.classes[GU__URGENCY__URGENCY_CRITICAL] = file->classes.critical;
	self->strategy.mode = file->mode;
	self->strategy.modes = file->modes;
	self->strategy.modes_count = file->modes_count;
	if (warn)
		warn_of_shadowed(&self->strategy, path, doc, warn);
	yaml_doc_free(doc);
	*strategy = &self->strategy;
	return 0;
}

void strategy_free(struct strategy *strategy)
{
	struct loaded *self = (struct loaded *)strategy;

	if (!self)
		return;
	yaml_free(&file_schema, self->file);
	free(self);
}
