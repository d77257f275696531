# C1. The last instruction goes on.
function f
bad:    nop
end f
