-- Lets more pods move: the parameter says how many stay on old revisions, as a number or a percentage.
local wanted = actionParams ~= nil and actionParams["partition"] or nil
if wanted == nil or wanted == "" then error("say how many pods stay on old revisions: 3, or 20%") end
local pods = tonumber(wanted)
if pods == nil and not string.match(wanted, "^%d+%%$") then
  error("partition: want a number of pods or a percentage such as 20%, found " .. wanted)
end
if pods ~= nil and (pods < 0 or pods ~= math.floor(pods)) then
  error("partition: want a whole number of pods, 0 or more, found " .. wanted)
end
obj.spec.updateStrategy = obj.spec.updateStrategy or {}
obj.spec.updateStrategy.partition = pods ~= nil and math.floor(pods) or wanted
return obj
