# Twin of reject/d5-segment-register.s, without the fault.
.set REACHES_BLOCKS, 1
function f
        nop
        ret
end f
