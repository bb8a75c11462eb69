#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "common/yaml_doc.h"

void yaml_error_vformat(struct yaml_error *error, const char *name, unsigned line, const char *key, const char *format,
			va_list args)
{
	size_t n_name = strlen(name);
	char where[320];
	char what[320];

	/* of a long path the end tells more */
	const char *tail = n_name > 160 ? name + n_name - 160 : name;
	const char *dots = n_name > 160 ? "..." : "";
	char number[16] = "";

	if (line > 0)
		snprintf(number, sizeof(number), ":%u", line);
	snprintf(where, sizeof(where), "%s%s%s: %.120s%s", dots, tail, number, key, key[0] ? ": " : "");
	vsnprintf(what, sizeof(what), format, args);
	int n = snprintf(error->text, sizeof(error->text), "%s%s", where, what);
	if (n >= (int)sizeof(error->text))
		memcpy(error->text + sizeof(error->text) - 4, "...", 4);
	for (char *c = error->text; *c; c++) {
		if ((unsigned char)*c < 0x20 || *c == 0x7f)
			*c = '?';
	}
}

void yaml_error_format(struct yaml_error *error, const char *name, unsigned line, const char *key, const char *format,
		       ...)
{
	va_list args;

	va_start(args, format);
	yaml_error_vformat(error, name, line, key, format, args);
	va_end(args);
}

static unsigned line_of_offset(const char *text, size_t n, size_t offset)
{
	unsigned line = 1;

	for (size_t i = 0; i < n && i < offset; i++)
		line += text[i] == '\n';
	return line;
}

static int syntax_error(const yaml_parser_t *parser, const char *name, const char *text, size_t n,
			struct yaml_error *error)
{
	const char *problem = parser->problem ? parser->problem : "no YAML";

	if (parser->error == YAML_MEMORY_ERROR)
		return -ENOMEM;
	if (parser->error == YAML_READER_ERROR)
		yaml_error_format(error, name, line_of_offset(text, n, parser->problem_offset), "", "%s", problem);
	else if (parser->context)
		yaml_error_format(error, name, (unsigned)parser->problem_mark.line + 1, "", "%s (%s at line %u)",
				  problem, parser->context, (unsigned)parser->context_mark.line + 1);
	else
		yaml_error_format(error, name, (unsigned)parser->problem_mark.line + 1, "", "%s", problem);
	return 1;
}

static int refuse(const char *name, const yaml_event_t *event, const char *what, struct yaml_error *error)
{
	yaml_error_format(error, name, (unsigned)event->start_mark.line + 1, "", "%s", what);
	return 1;
}

/* What libyaml's own loader would swallow or blow up on: aliases, nesting, a second document, zero bytes. */
static int look_at_event(const char *name, const yaml_event_t *event, unsigned *depth, unsigned *n_documents,
			 struct yaml_error *error)
{
	const yaml_char_t *anchor = NULL;

	if (event->type == YAML_ALIAS_EVENT)
		return refuse(name, event, "aliases are not allowed", error);
	if (event->type == YAML_DOCUMENT_START_EVENT && ++*n_documents > 1)
		return refuse(name, event, "a second document in one file", error);
	if (event->type == YAML_MAPPING_START_EVENT) {
		anchor = event->data.mapping_start.anchor;
		++*depth;
	} else if (event->type == YAML_SEQUENCE_START_EVENT) {
		anchor = event->data.sequence_start.anchor;
		++*depth;
	} else if (event->type == YAML_MAPPING_END_EVENT || event->type == YAML_SEQUENCE_END_EVENT) {
		--*depth;
	} else if (event->type == YAML_SCALAR_EVENT) {
		anchor = event->data.scalar.anchor;
		if (strlen((const char *)event->data.scalar.value) != event->data.scalar.length)
			return refuse(name, event, "a zero byte in a value", error);
	}
	if (anchor)
		return refuse(name, event, "anchors are not allowed", error);
	if (*depth > YAML_DOC_MAX_DEPTH)
		return refuse(name, event, "nested deeper than 32 levels", error);
	return 0;
}

static int scan(const char *name, const char *text, size_t n, struct yaml_error *error)
{
	yaml_parser_t parser;
	unsigned depth = 0;
	unsigned n_documents = 0;
	bool end = false;
	int r = 0;

	if (!yaml_parser_initialize(&parser))
		return -ENOMEM;
	yaml_parser_set_input_string(&parser, (const unsigned char *)text, n);
	while (r == 0 && !end) {
		yaml_event_t event;

		if (!yaml_parser_parse(&parser, &event)) {
			r = syntax_error(&parser, name, text, n, error);
			break;
		}
		end = event.type == YAML_STREAM_END_EVENT;
		r = look_at_event(name, &event, &depth, &n_documents, error);
		yaml_event_delete(&event);
	}
	yaml_parser_delete(&parser);
	if (r == 0 && n_documents == 0) {
		yaml_error_format(error, name, 1, "", "the file is empty");
		return 1;
	}
	return r;
}

int yaml_doc_parse(const char *name, const char *text, size_t n, struct yaml_doc **doc, struct yaml_error *error)
{
	yaml_parser_t parser;

	if (n > YAML_DOC_MAX_BYTES) {
		yaml_error_format(error, name, 0, "", "larger than 1 MiB");
		return 1;
	}
	int r = scan(name, text, n, error);
	if (r != 0)
		return r;
	struct yaml_doc *self = calloc(1, sizeof(*self));
	if (!self)
		return -ENOMEM;
	self->name = strdup(name);
	if (!self->name || !yaml_parser_initialize(&parser)) {
		yaml_doc_free(self);
		return -ENOMEM;
	}
	yaml_parser_set_input_string(&parser, (const unsigned char *)text, n);
	if (yaml_parser_load(&parser, &self->document))
		self->loaded = true;
	else
		r = syntax_error(&parser, name, text, n, error);
	yaml_parser_delete(&parser);
	if (r == 0 && !yaml_doc_node(self, 1)) {
		yaml_error_format(error, name, 1, "", "the file is empty");
		r = 1;
	}
	if (r != 0)
		yaml_doc_free(self);
	else
		*doc = self;
	return r;
}

void yaml_doc_free(struct yaml_doc *doc)
{
	if (!doc)
		return;
	if (doc->loaded)
		yaml_document_delete(&doc->document);
	free(doc->name);
	free(doc);
}

yaml_node_t *yaml_doc_node(const struct yaml_doc *doc, int index)
{
	const yaml_node_t *start = doc->document.nodes.start;

	if (index < 1 || index > doc->document.nodes.top - start)
		return NULL;
	return doc->document.nodes.start + (index - 1);
}

/* Return: what follows @key in @path, past a separating dot; NULL if the path does not go through @key */
static const char *path_after_key(const char *path, const yaml_node_t *key)
{
	if (key->type != YAML_SCALAR_NODE)
		return NULL;
	size_t n = key->data.scalar.length;

	if (strncmp(path, (const char *)key->data.scalar.value, n) != 0)
		return NULL;
	if (path[n] == '.')
		return path + n + 1;
	return path[n] == '[' || path[n] == '\0' ? path + n : NULL;
}

/* walks as far as the path is known; *found says whether all of it was */
static unsigned walk(const struct yaml_doc *doc, const char *path, bool *found)
{
	const yaml_node_t *node = yaml_doc_node(doc, 1);
	unsigned line = node ? (unsigned)node->start_mark.line + 1 : 0;

	*found = false;
	while (node && *path) {
		const yaml_node_t *next = NULL;

		if (node->type == YAML_MAPPING_NODE) {
			const char *best = NULL;

			for (const yaml_node_pair_t *p = node->data.mapping.pairs.start;
			     p < node->data.mapping.pairs.top; p++) {
				const yaml_node_t *key = yaml_doc_node(doc, p->key);
				const char *after = key ? path_after_key(path, key) : NULL;

				/* the longest key wins, in case a key itself contains dots */
				if (after && (!best || after > best)) {
					best = after;
					next = yaml_doc_node(doc, p->value);
					line = (unsigned)key->start_mark.line + 1;
				}
			}
			if (best)
				path = best;
		} else if (node->type == YAML_SEQUENCE_NODE && *path == '[') {
			char *end;
			unsigned long i = strtoul(path + 1, &end, 10);
			size_t n = (size_t)(node->data.sequence.items.top - node->data.sequence.items.start);

			if (*end == ']' && i < n) {
				next = yaml_doc_node(doc, node->data.sequence.items.start[i]);
				line = next ? (unsigned)next->start_mark.line + 1 : line;
				path = end[1] == '.' ? end + 2 : end + 1;
			}
		}
		node = next;
	}
	*found = node != NULL;
	return line;
}

unsigned yaml_line_of(const struct yaml_doc *doc, const char *key)
{
	bool found;

	return doc ? walk(doc, key, &found) : 0;
}

bool yaml_has(const struct yaml_doc *doc, const char *key)
{
	bool found = false;

	if (doc)
		walk(doc, key, &found);
	return found;
}

int yaml_error_at(const struct yaml_doc *doc, struct yaml_error *error, const char *key, const char *format, ...)
{
	va_list args;

	va_start(args, format);
	yaml_error_vformat(error, doc ? doc->name : "", yaml_line_of(doc, key), key, format, args);
	va_end(args);
	return 1;
}
