/*
 * event_codec - what event.c, which reads, and event_write.c share: the EVNT payload (taste-format(5) has the table): u32 n, the strings new in this block for four dictionaries, then nine columns,
 * each a byte saying how it is packed, a varint length, and its bytes.
 */
#ifndef TASTE_EVENT_CODEC_H
#define TASTE_EVENT_CODEC_H

enum { BLOCK_EVENTS_MAX = 65536, DICTS = 4 };
enum dict { DICT_USER, DICT_ITEM, DICT_KIND, DICT_CONTEXT };
enum { SCALE_RAW = 0 };			/* of values: no divisor, but the bits */

#endif
