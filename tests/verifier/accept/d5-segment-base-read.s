# Twin of reject/d5-segment-base-read.s, without the fault.
.set REACHES_BLOCKS, 1
function f
        nop
        ret
end f
