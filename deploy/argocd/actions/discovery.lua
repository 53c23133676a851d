-- Which actions Argo CD offers for a CloneSet, and which make sense now.

local strategy = (obj.spec or {}).updateStrategy or {}
local paused = strategy.paused == true
local partition = strategy.partition
local held = partition ~= nil and partition ~= 0 and partition ~= "0" and partition ~= "0%"

local actions = {}
actions["restart"] = { iconClass = "fa fa-fw fa-redo" }
actions["pause"] = { iconClass = "fa fa-fw fa-pause-circle", disabled = paused }
actions["resume"] = { iconClass = "fa fa-fw fa-play-circle", disabled = not paused }
actions["promote"] = {
  displayName = "Promote to a partition",
  disabled = not held,
  params = { { name = "partition", type = "string" } },
}
actions["promote-full"] = { displayName = "Promote fully", disabled = not held and not paused }
actions["scale"] = { params = { { name = "replicas", type = "number" } } }
actions["scale-in"] = {
  displayName = "Scale in by pod name",
  params = { { name = "pods", type = "string" } },
}
return actions
