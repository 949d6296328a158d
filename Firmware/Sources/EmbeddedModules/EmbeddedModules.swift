// Names every module that must compile in Embedded Swift, so that one build compiles them all.
import RPMsg
import ResourceTable
import SharedMemory
import Virtio
import Vring
import WireTypes
