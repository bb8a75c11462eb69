#!/usr/bin/env bash
# Pure archives: nothing in them reads a clock, opens a file, draws a random number, allocates or logs. Prints TAP.
set -u
build=${1:?build folder}

# What a pure archive may need from outside, beside other pure archives and generated protobuf code.
allowed='memcpy|memmove|memset|memcmp|bcmp|memchr|strlen|strnlen|strcmp|strncmp|strchr|strrchr|strtoull|strtoul|qsort'
allowed+='|snprintf|vsnprintf|__[a-z]+_chk|__ctype_b_loc|__assert_fail|__stack_chk_fail|__divti3|__udivti3|lround|llround'
allowed+='|_GLOBAL_OFFSET_TABLE_|protobuf_c_[a-z0-9_]+|gu__[a-z0-9_]+|strtod|floor|fabs|strcspn|strspn|strstr'

number=0
while read -r name; do
	archive=$build/lib/lib$name.a
	number=$((number + 1))
	if [[ ! -f $archive ]]; then
		echo "not ok $number - $name is built as an archive"
		continue
	fi
	defined=$(nm --defined-only "$build"/lib/*.a 2>/dev/null | awk 'NF==3 {print $3}' | sort -u)
	bad=$(nm -u "$archive" 2>/dev/null | awk 'NF==2 {print $2}' | sort -u | grep -vxE "$allowed" |
		comm -23 - <(printf '%s\n' "$defined"))
	if [[ -n $bad ]]; then
		echo "not ok $number - lib$name.a is pure"
		printf '%s\n' "$bad" | sed 's/^/# needs /'
	else
		echo "ok $number - lib$name.a is pure"
	fi
done <"$build/pure-libraries.txt"
echo "1..$number"
