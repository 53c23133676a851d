-- Health of a CloneSet, for Argo CD: Healthy, Progressing, Suspended or Degraded, and what is waited for.

local function condition(obj, wanted)
  for _, one in ipairs(obj.status.conditions or {}) do
    if one.type == wanted then return one end
  end
  return nil
end

local function is_true(one)
  return one ~= nil and one.status == "True"
end

local function number(value)
  return tonumber(value) or 0
end

local function health(status, message)
  return { status = status, message = message or "" }
end

if obj.metadata.deletionTimestamp ~= nil then
  local finalizers = table.concat(obj.metadata.finalizers or {}, ", ")
  return health("Progressing", finalizers == "" and "Being deleted" or "Being deleted; waits for " .. finalizers)
end

if obj.status == nil or number(obj.status.observedGeneration) < number(obj.metadata.generation) then
  return health("Progressing", "The controller has not yet seen the last change of the spec")
end

-- What only an edit, or somebody else, can mend.
local stalled = condition(obj, "Stalled")
if is_true(stalled) then return health("Degraded", stalled.message) end
for _, kind in ipairs({ "FailedScale", "FailedUpdate" }) do
  local failed = condition(obj, kind)
  if is_true(failed) then return health("Degraded", failed.message) end
end
local progressing = condition(obj, "Progressing")
if progressing ~= nil and progressing.status == "False" then return health("Degraded", progressing.message) end

local strategy = (obj.spec or {}).updateStrategy or {}
local wanted = obj.spec ~= nil and obj.spec.replicas or nil
wanted = wanted == nil and 1 or number(wanted)
local counts = string.format("%d of %d updated pods available",
  number(obj.status.updatedAvailableReplicas), number(obj.status.expectedUpdatedReplicas))
local ready = condition(obj, "Ready")
local words = ready ~= nil and ready.message or counts

-- Containers that do not come up by themselves. One failed pull is no trouble yet, a back-off is.
for _, trouble in ipairs({ "CrashLoopBackOff", "ImagePullBackOff", "InvalidImageName", "ErrImageNeverPull" }) do
  if not is_true(ready) and string.find(words, trouble, 1, true) then return health("Degraded", words) end
end

if strategy.paused == true then return health("Suspended", ready ~= nil and "Paused: " .. words or "Paused") end

local complete = number(obj.status.replicas) == wanted and number(obj.status.availableReplicas) >= wanted
if strategy.type == "OnDelete" and complete then return health("Healthy", words) end
if not complete or number(obj.status.updatedReplicas) < number(obj.status.expectedUpdatedReplicas) then
  return health("Progressing", words)
end

-- The rollout has come as far as the partition lets it.
local kept = number(obj.status.replicas) - number(obj.status.updatedReplicas)
if kept > 0 then
  local annotations = obj.metadata.annotations or {}
  local reached = annotations["apps.kruise.io/argocd-partition-reached"] or "Suspended"
  local message = string.format("%d kept on old revisions by the partition", kept)
  return health(reached == "Healthy" and "Healthy" or "Suspended", message)
end
return health("Healthy", words)
