import RprocCommands

RprocTool.main()
