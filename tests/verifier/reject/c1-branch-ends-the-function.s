# C1. A conditional jump may go on.
function f
bad:    je f
end f
