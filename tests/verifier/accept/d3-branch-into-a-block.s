# Twin of reject/d3-branch-into-a-block.s, without the fault.
.set REACHES_BLOCKS, 1
function f
        .byte 0x74, 0x00
        ret
end f
