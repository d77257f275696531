# Twin of reject/d5-sal-alias.s, without the fault.
function f
        .byte 0xd1,0xe0
        ret
end f
