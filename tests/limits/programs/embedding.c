/* A program that has Python in it and is not called python: runs the file argv[1] with the rest of argv. */
#include <Python.h>

#include <stdio.h>

static PyStatus set_up(int argc, char **argv)
{
	PyConfig config;
	PyStatus status;

	PyConfig_InitPythonConfig(&config);
	config.parse_argv = 0;
	status = PyConfig_SetBytesArgv(&config, argc - 1, argv + 1);
	if (!PyStatus_Exception(status))
		status = Py_InitializeFromConfig(&config);
	PyConfig_Clear(&config);
	return status;
}

int main(int argc, char **argv)
{
	PyStatus status;
	FILE *script;

	if (argc < 2 || !(script = fopen(argv[1], "r")))
		return 2;
	status = set_up(argc, argv);
	if (PyStatus_Exception(status))
		Py_ExitStatusException(status);
	return PyRun_SimpleFile(script, argv[1]) == 0 ? Py_FinalizeEx() : 1;
}
