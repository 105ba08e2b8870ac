// SPDX-License-Identifier: LGPL-2.1-or-later
/*
 * Names as they may be shown: of ports, which hold any bytes above 0x7f, and of
 * processes, which hold any bytes at all. A terminal takes some of them for
 * commands.
 */
#include <string.h>

#include "command.h"

/*
 * How many bytes the character has that @text begins with, in UTF-8; 0 if that
 * is none, or one to control a terminal.
 */
size_t text_character(const char *text)
{
	/* the first that needs so many bytes, but for controls up to 0x9f */
	static const uint32_t least[] = { 0, 0, 0xa0, 0x800, 0x10000 };
	const unsigned char *byte = (const unsigned char *)text;
	uint32_t code;
	size_t len, i;

	if (*byte < 0x80)
		return *byte >= ' ' && *byte != 0x7f;
	if (*byte < 0xc0 || *byte > 0xf4)
		return 0;
	len = *byte < 0xe0 ? 2 : *byte < 0xf0 ? 3 : 4;
	code = *byte & (0x7fU >> len);
	for (i = 1; i < len; i++) {
		if ((byte[i] & 0xc0) != 0x80)
			return 0;
		code = code << 6 | (byte[i] & 0x3fU);
	}
	if (code < least[len] || code > 0x10ffff ||
	    (code >= 0xd800 && code < 0xe000))
		return 0;
	return len;
}

/* With '?' for whatever is no character. */
void text_safe(const char *text, char *safe, size_t size)
{
	while (*text) {
		size_t known = text_character(text);
		size_t len = known ? known : 1;

		if (len >= size)
			break;
		memcpy(safe, known ? text : "?", len);
		safe += len;
		size -= len;
		text += len;
	}
	*safe = '\0';
}

/* Characters, not bytes. */
int text_width(const char *text)
{
	int width = 0;

	for (; *text; text++)
		width += (*text & 0xc0) != 0x80;
	return width;
}
