# D5. Nobody loads a segment register.
.set REACHES_BLOCKS, 1
function f
bad:    movw %ax, %fs
        ret
end f
