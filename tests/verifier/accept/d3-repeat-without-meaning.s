# Twin of reject/d3-repeat-without-meaning.s, without the fault.
function f
        .byte 0x89,0xc8
        ret
end f
