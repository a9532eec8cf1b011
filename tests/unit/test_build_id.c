#include "corefiles/build_id.h"
#include "tests/unit/elf_writer.h"

#include <check.h>
#include <elf.h>
#include <stdlib.h>
#include <string.h>

Suite *suite_build_id(void);

static Elf64_Phdr *segment_of(uint8_t *image, size_t index)
{
	return (Elf64_Phdr *)(void *)(image + sizeof(Elf64_Ehdr)) + index;
}

START_TEST(the_note_is_found_in_a_file_and_in_memory)
{
	static _Alignas(16) uint8_t image[ELF_IMAGE_SIZE];
	char text[BUILD_ID_TEXT];
	struct build_id file, memory;

	elf_image_make(image, 0xab, 0);
	ck_assert(build_id_from_image(image, sizeof(image), false, &file));
	ck_assert(build_id_from_image(image, 4096, true, &memory));
	ck_assert_uint_eq(file.size, 20);
	ck_assert_str_eq(build_id_text(&file, text), "abababababababababababababababababababab");
	ck_assert(build_id_equal(&file, &memory));
	memory.bytes[19] = 0;
	ck_assert(!build_id_equal(&file, &memory));
}
END_TEST

START_TEST(an_image_that_is_not_mapped_at_zero_has_its_note_at_the_difference)
{
	static _Alignas(16) uint8_t image[ELF_IMAGE_SIZE];
	struct build_id id;

	elf_image_make(image, 7, 0);
	for (size_t i = 0; i < 4; i++)
		segment_of(image, i)->p_vaddr += 0x400000;
	ck_assert(build_id_from_image(image, 4096, true, &id));
	ck_assert_uint_eq(id.bytes[0], 7);
	segment_of(image, 3)->p_vaddr = 512; /* below the first segment */
	ck_assert(!build_id_from_image(image, 4096, true, &id));
	ck_assert_uint_eq(id.size, 0);
	ck_assert(build_id_from_image(image, sizeof(image), false, &id));
}
END_TEST

START_TEST(an_image_without_a_note_has_no_id)
{
	static _Alignas(16) uint8_t image[ELF_IMAGE_SIZE];
	struct build_id id;
	char text[BUILD_ID_TEXT];

	elf_image_make(image, 0, 0);
	ck_assert(!build_id_from_image(image, sizeof(image), false, &id));
	ck_assert_uint_eq(id.size, 0);
	ck_assert_str_eq(build_id_text(&id, text), "");
	ck_assert(!build_id_from_image("#!/bin/sh", 9, false, &id));
	ck_assert(!build_id_from_image("", 0, false, &id));
}
END_TEST

/* Cut at every byte, on memory of exactly that size, so that the sanitizer sees a step too far. */
START_TEST(an_image_may_end_anywhere)
{
	static _Alignas(16) uint8_t image[ELF_IMAGE_SIZE];
	struct build_id id;

	elf_image_make(image, 9, 0);
	for (size_t size = 0; size < 600; size++) {
		uint8_t *cut = malloc(size ? size : 1);

		memcpy(cut, image, size);
		for (int in_memory = 0; in_memory < 2; in_memory++)
			ck_assert_int_eq(build_id_from_image(cut, size, in_memory, &id), size >= 512 + 36);
		free(cut);
	}
}
END_TEST

START_TEST(impossible_lengths_are_no_id)
{
	static _Alignas(16) uint8_t image[ELF_IMAGE_SIZE], good[ELF_IMAGE_SIZE];
	static const uint32_t lengths[] = {0, 65, 4096, 0x7fffffff, 0xfffffff0, 0xffffffff};
	struct build_id id;

	elf_image_make(good, 9, 0);
	for (size_t i = 0; i < sizeof(lengths) / sizeof(lengths[0]); i++) {
		Elf64_Nhdr *note = (Elf64_Nhdr *)(void *)(image + 512);

		memcpy(image, good, sizeof(image));
		note->n_descsz = lengths[i];
		ck_assert(!build_id_from_image(image, sizeof(image), false, &id));
		memcpy(image, good, sizeof(image));
		note->n_namesz = lengths[i];
		ck_assert(!build_id_from_image(image, sizeof(image), false, &id));
		memcpy(image, good, sizeof(image));
		segment_of(image, 3)->p_offset = UINT64_MAX - lengths[i];
		ck_assert(!build_id_from_image(image, sizeof(image), false, &id));
		memcpy(image, good, sizeof(image));
		((Elf64_Ehdr *)(void *)image)->e_phoff = UINT64_MAX - lengths[i];
		ck_assert(!build_id_from_image(image, sizeof(image), false, &id));
	}
}
END_TEST

Suite *suite_build_id(void)
{
	Suite *suite = suite_create("build_id");
	TCase *tc = tcase_create("build_id");

	tcase_add_test(tc, the_note_is_found_in_a_file_and_in_memory);
	tcase_add_test(tc, an_image_that_is_not_mapped_at_zero_has_its_note_at_the_difference);
	tcase_add_test(tc, an_image_without_a_note_has_no_id);
	tcase_add_test(tc, an_image_may_end_anywhere);
	tcase_add_test(tc, impossible_lengths_are_no_id);
	suite_add_tcase(suite, tc);
	return suite;
}
