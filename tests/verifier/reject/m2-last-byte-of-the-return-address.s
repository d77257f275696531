# M2. The arguments begin eight bytes behind the frame, not seven.
function f 8
bad:    movb %cl, 7(%rsp)
        ret
end f
