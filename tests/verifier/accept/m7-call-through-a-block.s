# Twin of reject/m7-call-through-a-block.s, without the fault.
.set REACHES_BLOCKS, 1
function f
        call GATE
        ret
end f
