/* Every unit-test suite: test_NAME.c defines Suite *suite_NAME(void). One line each, in order of the layers. */
SUITE(strbuf)
SUITE(build_id)
SUITE(core_file)
SUITE(module)
SUITE(type_query)
SUITE(type_cache)
