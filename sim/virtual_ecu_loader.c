#include "sim/virtual_ecu_loader.h"

#include <stdarg.h>
#include <stdio.h>

void vecu_fail(struct vecu_loader *l, const char *key, const char *format, ...)
{
	char path[128], text[256];
	va_list args;

	if (l->failed)
		return;
	l->failed = true;
	va_start(args, format);
	vsnprintf(text, sizeof(text), format, args);
	va_end(args);
	snprintf(path, sizeof(path), "%s%s", l->at, key);
	yaml_error_at(l->doc, l->error, path, "%s", text);
}

bool vecu_has(const struct vecu_loader *l, const char *key)
{
	char path[128];

	snprintf(path, sizeof(path), "%s%s", l->at, key);
	return yaml_has(l->doc, path);
}

uint64_t vecu_number(struct vecu_loader *l, const char *key, int64_t value, uint64_t min, uint64_t max, uint64_t usual)
{
	if (!vecu_has(l, key))
		return usual;
	if (value < 0 || (uint64_t)value < min || (uint64_t)value > max) {
		vecu_fail(l, key, "must be %llu..%llu, is %lld", (unsigned long long)min, (unsigned long long)max,
			  (long long)value);
		return usual;
	}
	return (uint64_t)value;
}

uint8_t vecu_number8(struct vecu_loader *l, const char *key, int64_t value, uint64_t min, uint8_t max, uint8_t usual)
{
	return (uint8_t)vecu_number(l, key, value, min, max, usual);
}

uint32_t vecu_number32(struct vecu_loader *l, const char *key, int64_t value, uint64_t min, uint32_t max,
		       uint32_t usual)
{
	return (uint32_t)vecu_number(l, key, value, min, max, usual);
}

void vecu_text(char *out, size_t cap, const char *value)
{
	snprintf(out, cap, "%s", value ? value : "");
}
