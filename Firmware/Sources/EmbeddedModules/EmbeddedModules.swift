// Names every module that must compile in Embedded Swift, so that one build compiles them all.
import RPMsg
import RPMsgServices
import RPMsgTransfers
import ResourceTable
import SampleServices
import SharedMemory
import Virtio
import Vring
import WireTypes
