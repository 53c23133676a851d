-- Sets the number of pods.
local wanted = actionParams ~= nil and tonumber(actionParams["replicas"]) or nil
if wanted == nil or wanted < 0 or wanted ~= math.floor(wanted) then
  error("replicas: want a whole number, 0 or more")
end
obj.spec.replicas = math.floor(wanted)
return obj
