# Twin of reject/m2-one-byte-beyond-the-arguments.s, without the fault.
function f 8
        movb %cl, 15(%rsp)
        ret
end f
